"""Recovery policies: what is preserved when, and what the device does after a commit and before a batch.

An engine asks a policy only the questions of `RecoveryPolicy`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from simint.errors import InputError


class RecoveryPolicy(Protocol):
    """The questions an engine asks."""

    @property
    def name(self) -> str:
        """Name on the command line."""

    @property
    def preserves_batches(self) -> bool:
        """Whether progress is committed after every preservation batch; otherwise only a whole inference counts."""

    @property
    def shuts_down(self) -> bool:
        """Whether the device powers down after each commit until the capacitor is back at `v_on`."""

    @property
    def guards(self) -> bool:
        """Whether a batch starts only once the stored energy covers it."""


@dataclass(frozen=True, slots=True)
class Tile:
    """Commit the progress index after every preservation batch and run on until brown-out (iNAS 2021, HAWAII)."""

    guards: bool = False
    name: str = "tile"
    preserves_batches: bool = True
    shuts_down: bool = False


@dataclass(frozen=True, slots=True)
class TileShutdown:
    """As `Tile`, and power down after each batch until recharged: what the published abstract model assumes."""

    guards: bool = False
    name: str = "tile-shutdown"
    preserves_batches: bool = True
    shuts_down: bool = True


@dataclass(frozen=True, slots=True)
class Restart:
    """Preserve nothing: a power failure restarts the inference."""

    guards: bool = False
    name: str = "none"
    preserves_batches: bool = False
    shuts_down: bool = False


POLICY_NAMES = ("tile", "tile-shutdown", "none")


def policy_by_name(name: str, guard: bool = False) -> RecoveryPolicy:
    """The policy of that name; `guard` is an option of `tile`.

    Raises InputError for an unknown name, or for a guard where the policy has none.
    """
    if guard and name != "tile":
        raise InputError(f"guard is an option of policy `tile`, not of {name!r}")
    policies: dict[str, RecoveryPolicy] = {
        "tile": Tile(guards=guard),
        "tile-shutdown": TileShutdown(),
        "none": Restart(),
    }
    if name not in policies:
        raise InputError(f"unknown policy {name!r}; known: {', '.join(POLICY_NAMES)}")
    return policies[name]
