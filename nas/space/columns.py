"""What the tables of a search space hold about a layer, a block or a network: one row, a column per cost.

The names are plain numbers because compiled loops index with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simint.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Sums over layers. Counts are whole numbers far below 2**53, so doubles hold them exactly.
LATENCY: Final = 0  # intermittent, seconds, recharging included
RECHARGE: Final = 1
ACTIVE: Final = 2  # latency without recharging
CONTINUOUS: Final = 3  # latency of the same designs when power never fails
POWER_CYCLES: Final = 4
ENERGY: Final = 5  # of all power cycles, joule
WEIGHT_BYTES: Final = 6
MACS: Final = 7
FLOPS: Final = 8
# The maximum over layers.
FEATURE_BYTES: Final = 9
COLUMNS: Final = 10

# The first columns: infinite where a layer has no feasible design.
TIMES_AND_ENERGIES: Final = 6
# Not a column: computed from sums.
IMO: Final = 10

COLUMN_NAMES = (
    "latency_s",
    "recharge_s",
    "active_s",
    "continuous_s",
    "power_cycles",
    "active_j",
    "weight_bytes",
    "macs",
    "flops",
    "feature_bytes",
)
METRICS = {"latency": LATENCY, "imo": IMO, "active": ACTIVE, "energy": ENERGY, "macs": MACS, "flops": FLOPS}


def metric_code(name: str) -> int:
    """The number compiled loops know a metric by; InputError names those there are."""
    if name not in METRICS:
        raise InputError(f"unknown metric {name!r}; known: {', '.join(METRICS)}")
    return METRICS[name]


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs of networks: `rows` has a row for each and the columns above.

    A network without a feasible design in some layer has infinite times, energy and power cycles.
    """

    rows: Floats

    def column(self, code: int) -> Floats:
        """One column, or the computed IMO."""
        return self.imo_percent if code == IMO else self.rows[:, code]

    @property
    def latency_s(self) -> Floats:
        """End-to-end latency under intermittent power."""
        return self.rows[:, LATENCY]

    @property
    def recharge_s(self) -> Floats:
        """Time spent recharging."""
        return self.rows[:, RECHARGE]

    @property
    def active_s(self) -> Floats:
        """Time with the processor on."""
        return self.rows[:, ACTIVE]

    @property
    def continuous_s(self) -> Floats:
        """Latency of the same designs when power never fails."""
        return self.rows[:, CONTINUOUS]

    @property
    def power_cycles(self) -> Floats:
        """Number of power cycles."""
        return self.rows[:, POWER_CYCLES]

    @property
    def active_j(self) -> Floats:
        """Energy of all power cycles."""
        return self.rows[:, ENERGY]

    @property
    def macs(self) -> Floats:
        """Multiply-accumulates."""
        return self.rows[:, MACS]

    @property
    def flops(self) -> Floats:
        """Floating-point operations as the published search counts them."""
        return self.rows[:, FLOPS]

    @property
    def feature_bytes(self) -> Floats:
        """NVM for feature maps in the published model."""
        return self.rows[:, FEATURE_BYTES]

    @property
    def weight_bytes(self) -> Floats:
        """NVM for weights in the published model."""
        return self.rows[:, WEIGHT_BYTES]

    @property
    def overhead_s(self) -> Floats:
        """Active time that exists only because power fails; NaN where infeasible."""
        with np.errstate(invalid="ignore"):
            return self.rows[:, ACTIVE] - self.rows[:, CONTINUOUS]

    @property
    def imo_percent(self) -> Floats:
        """Intermittency management overhead (TiNAS): the share of the active time that is overhead; NaN likewise."""
        with np.errstate(invalid="ignore"):
            return 100.0 * self.overhead_s / self.rows[:, ACTIVE]
