"""Runs with their timelines, and what holds between the two."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from engine_cases import bounded
from trace_events import Timeline, read_timeline

from simint.engine.event import Case, simulate
from simint.engine.run import Run
from simint.report.timeline.event_file import open_event_file
from simint.report.timeline.recorder import TimelineRecorder
from simint.report.timeline.trace_event import FINE_S

VOLTAGE = "capacitor voltage"
USEFUL = ("fetch", "compute")


def drawn(path: Path, case: Case, resolution_s: float | None = 0.0, budget: int = 10**9) -> tuple[Run, Timeline]:
    """The run of a case, and its timeline."""
    with open_event_file(path, resolution_s, budget) as file:
        recorder = TimelineRecorder(file)
        run = simulate(case, [recorder], bounded(200_000))
        recorder.finish(run, "a test", {"verdict": run.verdict.value})
    return run, read_timeline(path)


def check_times(run: Run, timeline: Timeline) -> None:
    """The slices of every term sum to what the book of time says, to a nanosecond each where they are not merged."""
    phases, lost, states = timeline.seconds("phase"), lost_by(timeline), timeline.seconds("device state")
    rounding = border_s(run) * (1 + sum(map(timeline.slices, ("phase", "device state", "lost work", "power cycle"))))
    kept = Counter({term: phases[term] - lost[term] for term in phases})
    book, allowed = run.time, rounding + 1e-9 * run.duration_s
    assert sum(kept[term] for term in USEFUL) == pytest.approx(book.useful, abs=allowed)
    for term in ("boot", "restore", "write_back", "index", "checkpoint", "peripheral", "sleep"):
        assert kept[term] == pytest.approx(getattr(book, term), abs=allowed), term
    assert states["off"] == pytest.approx(book.off, abs=allowed)
    assert lost.total() == pytest.approx(book.lost, abs=allowed)
    assert timeline.seconds("lost work").total() == pytest.approx(book.lost, abs=allowed)
    assert states.total() == pytest.approx(run.duration_s, abs=allowed)
    assert timeline.seconds("power cycle").total() == pytest.approx(book.on, abs=allowed)


def border_s(run: Run) -> float:
    """How far the border of a slice may be from its time."""
    return 1e-9 if run.duration_s < FINE_S else 1e-6


def lost_by(timeline: Timeline) -> Counter[str]:
    """What the slices of lost work say they hold, in s by activity."""
    total: Counter[str] = Counter()
    for each in timeline.rows.get("lost work", []):
        for key, value in each.args.items():
            if key != "energy_j" and each.kind != "merged":
                total[key.removesuffix("_s")] += value
    return total
