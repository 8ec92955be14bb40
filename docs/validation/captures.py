"""What the logic analyser saw of the Botoks node: means of on-times and off-times, counts, and which captures count.

Rule: a capture counts if it holds at least one complete on-state and one complete off-state of the node's supply, a
state being complete when both its edges were recorded and it is neither the first nor the last of the capture.
Captures without one are compared by what the node did all the time: on, or off.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = "measured_intermittent_simba"
CONSTANT_CURRENT = "constant current"
# Bit of V_OUT_DIG in events.npz (`bit_order` of summary.csv).
_SUPPLY_BIT = 2

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Capture:
    """One capture: what fed the node, and what was seen. Times in s; NaN where no complete state was seen.

    `current_a` for captures with a current source, `lux` for those with a panel.
    """

    number: int
    name: str
    source: str
    app: str
    capacitor_uf: int
    current_a: float | None
    lux: int | None
    window_s: float
    on_s: float
    off_s: float
    on_states: int
    off_states: int
    senses: int
    sends: int

    @property
    def cycles(self) -> bool:
        """Whether it has complete states of both kinds."""
        return self.on_states > 0 and self.off_states > 0

    @property
    def state(self) -> str:
        """What the node did: `cycles`, or all the time `on` or `off`; a node that ran anything was on."""
        return "cycles" if self.cycles else "on" if self.senses else "off"


def load_captures(data: Path) -> list[Capture]:
    """All captures of the data set, in its order."""
    with (data / FOLDER / "summary.csv").open(newline="") as file:
        return [_capture(row) for row in csv.DictReader(file)]


def _capture(row: dict[str, str]) -> Capture:
    return Capture(
        number=int(row["id"]),
        name=row["name"],
        source=CONSTANT_CURRENT if row["i_in_uA"] else row["set"].rpartition("/")[2],
        app=row["app"],
        capacitor_uf=int(row["cap_nominal_uF"]),
        current_a=float(row["i_in_uA"]) * 1e-6 if row["i_in_uA"] else None,
        lux=int(row["lux"]) if row["lux"] else None,
        window_s=float(row["capture_s"]),
        on_s=float(row["on_mean_s"] or "nan"),
        off_s=float(row["off_mean_s"] or "nan"),
        on_states=int(row["n_on"]),
        off_states=int(row["n_off"]),
        senses=int(row["n_sense"]),
        sends=int(row["n_send_done"]),
    )


@dataclass(frozen=True)
class States:
    """Complete off-states of a capture: when each began, when it ended, s."""

    began_s: FloatArray
    ended_s: FloatArray


def off_states(data: Path, captures: list[Capture]) -> list[States]:
    """The complete off-states of every capture given, from its recorded edges."""
    with np.load(data / FOLDER / "events.npz") as events:
        number, time_us, bits = events["id"], events["t_us"], events["bits"]
    return [_off_states(number, time_us, bits, capture.number) for capture in captures]


def _off_states(
    number: NDArray[np.uint16], time_us: NDArray[np.uint32], bits: NDArray[np.uint8], capture: int
) -> States:
    mine = number == capture
    seconds, powered = time_us[mine] * 1e-6, (bits[mine] >> _SUPPLY_BIT) & 1
    turns = np.flatnonzero(np.diff(powered.astype(np.int8))) + 1
    began = [k for k in range(turns.size - 1) if not powered[turns[k]]]
    return States(seconds[turns[began]], seconds[turns[np.array(began, dtype=int) + 1]])


def repeated_percent(captures: list[Capture]) -> list[float]:
    """Off-times of the two applications under the same supply, as difference over mean in percent.

    While the node is off the application does nothing, so the two should be equal: no model can be closer to both.
    """
    by_supply: dict[tuple[str, int, float | None, int | None], dict[str, float]] = {}
    for capture in captures:
        supply = capture.source, capture.capacitor_uf, capture.current_a, capture.lux
        by_supply.setdefault(supply, {})[capture.app] = capture.off_s
    pairs = [(off["burn"], off["loop"]) for off in by_supply.values() if len(off) == 2]
    return [200.0 * (second - first) / (second + first) for first, second in pairs]
