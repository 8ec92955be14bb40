"""What is known about one candidate network."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from nas.space.genome import Genome


@dataclass(frozen=True, slots=True)
class HardwareCosts:
    """What one inference costs by the cost model under intermittent power; all infinite where some layer cannot run.

    `active_s` is latency without recharging, `continuous_s` the latency of the same designs when power never fails,
    `active_j` the energy of all power cycles. Memory is non-volatile, as the published model counts it.
    """

    latency_s: float
    recharge_s: float
    active_s: float
    continuous_s: float
    power_cycles: float
    active_j: float
    weight_bytes: float
    macs: float
    flops: float
    feature_bytes: float

    @property
    def overhead_s(self) -> float:
        """Active time that exists only because power fails."""
        return self.active_s - self.continuous_s

    @property
    def imo_percent(self) -> float:
        """Intermittency management overhead (TiNAS): the share of the active time that is overhead."""
        return 100.0 * self.overhead_s / self.active_s


@dataclass(frozen=True, slots=True)
class Measures:
    """What takes work to find out; NaN where it is not part of the fitness.

    `accuracy_percent` on validation data by whatever the search asks (a supernet's path, or a network trained for it).
    `inferences_per_day` and `replay_latency_s` by replay of power traces: the median over traces, and the worst.
    """

    accuracy_percent: float = math.nan
    inferences_per_day: float = math.nan
    worst_inferences_per_day: float = math.nan
    replay_latency_s: float = math.nan
    worst_replay_latency_s: float = math.nan


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A candidate with its costs and measures; `reason` says why it could not be measured, else it is empty."""

    genome: Genome
    costs: HardwareCosts
    measures: Measures
    reason: str = ""


# Columns of files: costs and measures in the order of their fields, and the measures that come from replays.
COST_NAMES = tuple(field.name for field in dataclasses.fields(HardwareCosts))
MEASURE_NAMES = tuple(field.name for field in dataclasses.fields(Measures))
REPLAY_NAMES = tuple(name for name in MEASURE_NAMES if name != "accuracy_percent")
