"""Whether two engines tell the same of one case: verdict and counts equal, times and energies to 1e-9."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import pytest

from simint.engine.case import Case
from simint.engine.compiled.simulate import simulate_compiled
from simint.engine.engines import Engine
from simint.engine.event import simulate
from simint.engine.run import Run
from simint.errors import SimintError

TOLERANCE = 1e-9


class RefusedByBoth(Exception):
    """Neither engine takes the case, for the same reason."""


def both(case: Case, stop_requested: Callable[[], bool] = lambda: False) -> tuple[Run, Run]:
    """The run by the event engine and by the compiled one; raises RefusedByBoth where both refuse alike."""
    by_events, refused = _run(lambda: simulate(case, (), stop_requested))
    by_loop, also_refused = _run(lambda: simulate_compiled(case))
    assert refused == also_refused
    if by_events is None or by_loop is None:
        raise RefusedByBoth(refused)
    assert by_events.engine is Engine.EVENT
    assert by_loop.engine is Engine.COMPILED
    return by_events, by_loop


def _run(engine: Callable[[], Run]) -> tuple[Run | None, str]:
    try:
        return engine(), ""
    except SimintError as error:
        return None, f"{type(error).__name__}: {error}"


def assert_agree(one: Run, other: Run) -> None:
    """Same verdict and counts; times within 1e-9 of the run's time, energies within 1e-9 of its turnover."""
    assert one.verdict is other.verdict
    assert _words(one) == _words(other)
    time_s = TOLERANCE * one.duration_s
    energy_j = TOLERANCE * one.energy.turnover_j
    # A capacitor much smaller than what flows through it turns 1e-9 of the turnover into more volts than 1e-9; the
    # energy it stores is compared with the other energies.
    volt = 10 * TOLERANCE * max(one.final_voltage, one.initial_voltage, 1e-3)
    assert _counts(one) == _counts(other)
    _close(_times(one), _times(other), time_s)
    _close([cycle.energy_j for cycle in one.power_cycles], [cycle.energy_j for cycle in other.power_cycles], energy_j)
    _close(dataclasses.astuple(one.energy), dataclasses.astuple(other.energy), energy_j)
    _close(dataclasses.astuple(one.time), dataclasses.astuple(other.time), time_s)
    assert other.progress == pytest.approx(one.progress, rel=1e-12)
    for a, b in zip(one.power_cycles, other.power_cycles, strict=True):
        assert b.v_end == pytest.approx(a.v_end, rel=1e-7)
    assert math.isclose(one.final_voltage, other.final_voltage, rel_tol=0.0, abs_tol=max(volt, _rest_v(one)))


def _rest_v(run: Run) -> float:
    """A voltage near nothing is known only as well as the energy."""
    return 1e-9


def _counts(run: Run) -> object:
    inferences = [(i.number, i.power_cycles, i.deadline_met, i.completed) for i in run.inferences]
    cycles = [(c.tiles_committed, c.tiles_lost, c.ended_by) for c in run.power_cycles]
    checkpoints = None if run.checkpoints is None else dataclasses.astuple(run.checkpoints)[:3]
    return inferences, cycles, run.dropped, run.layers, run.tasks, checkpoints, run.loops


def _words(run: Run) -> object:
    cause = run.nontermination
    return run.verdict, None if cause is None else (cause.layer, cause.tile, cause.reason)


def _times(run: Run) -> list[float]:
    times = [run.duration_s, run.first_turn_on_s, run.continuous_s]
    for inference in run.inferences:
        times += [inference.release_s, inference.start_s, inference.end_s]
    for cycle in run.power_cycles:
        times += [cycle.on_s, cycle.off_s]
    return times


def _close(one: object, other: object, allowed: float) -> None:
    for a, b in zip(one, other, strict=True):  # type: ignore[call-overload]
        assert (math.isnan(a) and math.isnan(b)) or abs(a - b) <= allowed, (a, b, allowed)
