"""The device on its capacitor by small explicit time steps: slow, approximate, and sharing no code with the engine.

Every step is a midpoint rule of at most `step_s`; it ends early where a segment of the trace or a phase of work ends.
Thresholds are found by linear interpolation inside a step, so times err by O(step_s**2).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from source_kinds import POWER, THEVENIN

# Energy terms, J.
DELIVERED, SPILLED, LEAKED, QUIESCENT, DRAWN = range(5)
# How a stretch of time ended.
PASSED, FELL, ROSE = range(3)
# Remainders of time below this are rounding.
_TICK = 1e-13

Phases = list[tuple[float, float]]


class Circuit(NamedTuple):
    """What hangs on the capacitor: node, clamp, and the source by segments of `segment_s`, over and over.

    `level`: (n,) converted power in W, or open-circuit voltage in V; `ohm`; `knee_v` (m,) and `knee_i` (n, m).
    """

    kind: int
    segment_s: float
    level: np.ndarray
    ohm: float
    knee_v: np.ndarray
    knee_i: np.ndarray
    drop_v: float
    capacitance: float
    leakage_s: float
    quiescent_a: float
    v_max: float


@dataclass(frozen=True)
class Work:
    """Phases as (J, s): from turn-on, of re-loading after it, and of every batch, whose last phase commits."""

    start: Phases
    reload: Phases
    batches: list[Phases]


@dataclass
class Result:
    """Times of turn-ons, brown-outs and completions in s; energies in J by term; time and voltage at the end."""

    on_s: list[float] = field(default_factory=list)
    off_s: list[float] = field(default_factory=list)
    done_s: list[float] = field(default_factory=list)
    books: np.ndarray = field(default_factory=lambda: np.zeros(5))
    now: np.ndarray = field(default_factory=lambda: np.zeros(2))


def integrate(
    circuit: Circuit, work: Work, v0: float, v_on: float, v_off: float, inferences: int, step_s: float
) -> Result:
    """Off until `v_on`, then boot and batch after batch until `v_off`; a batch cut off is begun again."""
    result, batch = Result(now=np.array([0.0, v0])), 0
    while True:
        pass_time(circuit, result.now, result.books, 0.0, np.inf, -1.0, v_on, step_s)
        result.on_s.append(result.now[0])
        phases = [*work.start, *work.reload, *work.batches[batch]]
        while _survives(circuit, result, phases, v_off, step_s):
            batch = (batch + 1) % len(work.batches)
            if batch == 0:
                result.done_s.append(result.now[0])
                if len(result.done_s) == inferences:
                    return result
            phases = work.batches[batch]
        result.off_s.append(result.now[0])


def _survives(circuit: Circuit, result: Result, phases: Iterable[tuple[float, float]], v_off: float, h: float) -> bool:
    for energy_j, time_s in phases:
        if pass_time(circuit, result.now, result.books, energy_j / time_s, time_s, v_off, np.inf, h) == FELL:
            return False
    return True


@njit(cache=True)  # type: ignore[untyped-decorator]
def source_current(circuit: Any, segment: int, v: float) -> float:
    """Current into the node, A."""
    if circuit.kind == POWER:
        return circuit.level[segment] / v
    if circuit.kind == THEVENIN:
        return max(circuit.level[segment] - circuit.drop_v - v, 0.0) / circuit.ohm
    before, volts, amps = v + circuit.drop_v, circuit.knee_v, circuit.knee_i[segment]
    for k in range(volts.size - 1):
        if before < volts[k + 1]:
            return amps[k] + (before - volts[k]) / (volts[k + 1] - volts[k]) * (amps[k + 1] - amps[k])
    return 0.0


@njit(cache=True)  # type: ignore[untyped-decorator]
def pass_time(
    circuit: Any, now: Any, books: Any, load_w: float, duration_s: float, low_v: float, high_v: float, step_s: float
) -> int:
    """Move `now` = [time, voltage] on for `duration_s`, or to the moment the voltage meets a threshold."""
    c, end_s = circuit.capacitance, now[0] + duration_s
    index = int(now[0] / circuit.segment_s + 1e-9)
    while end_s - now[0] > _TICK:
        edge = (index + 1) * circuit.segment_s
        if edge - now[0] <= _TICK:
            index += 1
            continue
        dt, v, segment = min(step_s, edge - now[0], end_s - now[0]), now[1], index % circuit.level.size
        amps = source_current(circuit, segment, v)
        net = amps - circuit.quiescent_a - circuit.leakage_s * v - load_w / v
        middle = after = v
        if v >= circuit.v_max and net > 0.0:
            books[SPILLED] += net * v * dt
        else:
            middle = v + 0.5 * dt * net / c
            amps = source_current(circuit, segment, middle)
            after = v + dt / c * (amps - circuit.quiescent_a - circuit.leakage_s * middle - load_w / middle)
        wall = min(high_v, circuit.v_max) if after > v else low_v
        met = after != v and (after - wall) * (after - v) >= 0.0
        if met:
            dt *= (wall - v) / (after - v)
            after = wall
        books[DELIVERED] += amps * middle * dt
        books[LEAKED] += circuit.leakage_s * middle * middle * dt
        books[QUIESCENT] += circuit.quiescent_a * middle * dt
        books[DRAWN] += load_w * dt
        now[0] += dt
        now[1] = after
        if met and after == high_v:
            return ROSE
        if met and after == low_v:
            return FELL
    return PASSED
