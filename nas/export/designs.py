"""Execution designs for an exported network: the best of every layer on a platform, as `simint replay` chooses them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from simint.errors import InputError
from simint.hardware.platform import CostMode
from simint.hardware.presets import load_platform, load_supply
from simint.network.network import Network
from simint.tiling.objective import Objective
from simint.units import parse_quantity

if TYPE_CHECKING:
    from simint.tiling.design import ExecutionDesign

# What `simint replay` takes if it is told nothing.
PLATFORM, SUPPLY = "msp430fr5994", "boost"


def best_designs(
    network: Network, platform_name: str, supply_name: str, capacitor: str | None, objective: str | None
) -> tuple[ExecutionDesign, ...]:
    """The best designs; `capacitor` is a text such as 5mF, `objective` by default what fits the platform.

    Raises InputError for what is unknown or does not go together, InfeasibleError naming the layer that does not fit.
    """
    platform = load_platform(platform_name)
    capacitance = None if capacitor is None else parse_quantity(capacitor, "F", "--capacitor")
    fitting = Objective.PUBLISHED if platform.mode is CostMode.PUBLISHED else Objective.ENERGY
    goal = fitting if objective is None else Objective(objective)
    if (goal is Objective.PUBLISHED) != (platform.mode is CostMode.PUBLISHED):
        raise InputError(
            f"--objective {goal} does not go with platform {platform.name!r}, whose mode is {platform.mode}"
        )

    # The explorers are compiled code: loaded only now, so that help and wrong input answer at once.
    from simint.hardware.usable import usable_j
    from simint.tiling.choose import choose_designs
    from simint.tiling.published.electrical import bench_settings

    if goal is Objective.PUBLISHED:
        return choose_designs(network, platform, goal, math.inf, settings=bench_settings(platform, capacitance))
    supply = load_supply(supply_name)
    if capacitance is not None:
        changed = msgspec.structs.replace(supply.capacitor, capacitance=capacitance)
        supply = msgspec.structs.replace(supply, capacitor=changed)
    return choose_designs(network, platform, goal, usable_j(supply))
