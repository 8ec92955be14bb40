"""What an exploration of the published model makes small, exactly and as a cheap lower bound."""

from __future__ import annotations

import enum
import math
from typing import Final, NamedTuple

from simint.compiled import compiled
from simint.tiling.published.closed_forms import over_cycles
from simint.tiling.published.electrical import Recharge, recharge_time
from simint.tiling.search.rates import BatchRates, rates_at


class PublishedObjective(enum.StrEnum):
    """What is made small, always among the designs that are feasible under intermittent power.

    `latency`: end-to-end, recharging included. `energy`: of all power cycles. `continuous`: latency of the same design
    when power never fails. `imo`: intermittency management overhead of the layer, 100 * (active - continuous) / active
    in times; that of a network is a ratio of sums and can be smaller still with other designs.
    """

    LATENCY = "latency"
    ENERGY = "energy"
    CONTINUOUS = "continuous"
    IMO = "imo"


LATENCY: Final = 0
ENERGY: Final = 1
CONTINUOUS: Final = 2
IMO: Final = 3  # the value is active / continuous time, which grows with the overhead and is positive

GOAL_CODE = {
    PublishedObjective.LATENCY: LATENCY,
    PublishedObjective.ENERGY: ENERGY,
    PublishedObjective.CONTINUOUS: CONTINUOUS,
    PublishedObjective.IMO: IMO,
}


class Floor(NamedTuple):
    """once + spatial tiles * (fixed + position * (input positions) + output * (output positions))."""

    once: float
    fixed: float
    position: float
    output: float


@compiled
def value_at(
    goal: int, recharge: Recharge, batch: BatchRates, spatial: float, positions: float, outputs: float
) -> float:
    """The value of a design with so many spatial tiles of so many input and output positions.

    NaN where a power cycle needs exactly the budget: such a design is feasible but has no recharge time (quirk Q14).
    """
    cycles = batch.cycles
    first_j = rates_at(batch.energy, positions, outputs)
    later_j = first_j + batch.energy.partial * outputs
    if later_j >= recharge.budget_j:
        return math.nan
    if goal == ENERGY:
        return spatial * over_cycles(cycles, first_j, later_j)
    continuous_s = batch.once + spatial * rates_at(batch.continuous, positions, outputs)
    if goal == CONTINUOUS:
        return continuous_s
    first_s = rates_at(batch.time, positions, outputs)
    later_s = first_s + batch.time.partial * outputs
    if goal == IMO:
        return spatial * over_cycles(cycles, first_s, later_s) / continuous_s
    return spatial * over_cycles(
        cycles, first_s + recharge_time(recharge, first_j), later_s + recharge_time(recharge, later_j)
    )


@compiled
def needs_continuous(goal: int) -> bool:
    """Whether values depend on times under continuous power."""
    return goal in (CONTINUOUS, IMO)


@compiled
def all_contend(goal: int) -> bool:
    """Whether a larger tile can be better than a smaller one of which there are as many."""
    return goal == IMO


@compiled
def value_floor(goal: int, slope: float, batch: BatchRates) -> Floor:
    """What no value is below (for IMO nothing is known); `slope`: see `electrical.recharge_slope`."""
    if goal == IMO:
        return Floor(-math.inf, 0.0, 0.0, 0.0)
    if goal == CONTINUOUS:
        return Floor(batch.once, batch.continuous.fixed, batch.continuous.position, batch.continuous.output)
    seconds, joules = (1.0, slope) if goal == LATENCY else (0.0, 1.0)
    total, later = batch.cycles.total, batch.cycles.total - batch.cycles.first
    time, energy = batch.time, batch.energy
    return Floor(
        0.0,
        total * (seconds * time.fixed + joules * energy.fixed),
        total * (seconds * time.position + joules * energy.position),
        total * (seconds * time.output + joules * energy.output)
        + later * (seconds * time.partial + joules * energy.partial),
    )
