"""The networks published with iNAS, as they were searched and deployed."""

from __future__ import annotations

from importlib import resources

import msgspec

from nas.space.search_space import load_space
from nas.space.target import Target, retargeted
from simint.config import Farad, Second, decode, read_toml


class DeployedNetwork(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network preset, the space and capacitor it was searched for, and what was required of it.

    `requirement`: latency limit of the search, met under continuous power where there is no `capacitance` (the
    baseline HW-NAS); `percentile` of the feasible networks that it stands for. `batches`: deployed preservation batch S
    of every layer.
    """

    name: str
    space: str
    requirement: Second
    percentile: float
    capacitance: Farad | None = None
    batches: tuple[int, ...] = ()


def deployed_networks() -> tuple[DeployedNetwork, ...]:
    """All 36: 27 of iNAS by data set, capacitor and requirement, then 9 of HW-NAS by data set and requirement."""
    with resources.as_file(resources.files("nas.hardware") / "deployed.toml") as file:
        return tuple(
            decode({"name": name, **entry}, DeployedNetwork, f"{file}: {name}")
            for name, entry in read_toml(file).items()
        )


def deployed_target(deployed: DeployedNetwork) -> Target:
    """The platform, capacitor and source of the search that found it."""
    return retargeted(load_space(deployed.space).target, capacitance=deployed.capacitance)
