"""The file of a timeline: bounded, complete or absent, and the same in sum however much is merged."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from engine_cases import batch, case, layer, power, schedule
from engine_strategies import Draft, drafts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_cases import bench, run_case, supply
from timeline_runs import VOLTAGE, border_s, check_times, drawn
from trace_events import Timeline, read_timeline

from simint.engine.event import Case
from simint.engine.run import Run, Verdict
from simint.errors import InputError
from simint.report.timeline.event_file import open_event_file
from simint.report.timeline.recorder import TimelineRecorder
from simint.tiling.schedule import Cost


def many(tiles: int) -> Case:
    """A restart case with work that takes about a microsecond a phase."""
    return case(power(1.0), schedule(layer("L0", (batch(1e-9, 1e-3, tiles=tiles), 20)), boot=Cost(1e-9, 1e-6)))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(draft=drafts(), share=st.floats(1e-4, 1.0))
def test_merging_changes_no_sum(draft: Draft, share: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("run")
    run, whole = drawn(folder / "whole.json", draft.case())
    resolution_s = max(share * run.duration_s, 1e-9)
    _, merged = drawn(folder / "merged.json", draft.case(), resolution_s)
    check_times_of_phases(run, whole, merged)
    for row, slices in merged.rows.items():
        short = [each for each in slices if each.kind == "merged"]
        assert all(each.seconds <= resolution_s + 2 * border_s(run) for each in short), row
        assert len(slices) <= 2 + 2 * run.duration_s / resolution_s


def check_times_of_phases(run: Run, whole: Timeline, merged: Timeline) -> None:
    """Merged or not, a row sums to the same."""
    for row in ("phase", "device state", "power cycle", "lost work", "re-execution"):
        allowed = 1e-9 * run.duration_s + border_s(run) * (1 + whole.slices(row))
        fine, coarse = whole.seconds(row), merged.seconds(row)
        for kind in {*fine, *coarse}:
            assert coarse[kind] == pytest.approx(fine[kind], abs=allowed), (row, kind)


def test_voltage_keeps_its_extremes_when_points_are_merged(tmp_path: Path) -> None:
    run, whole = drawn(tmp_path / "whole.json", many(50))
    _, merged = drawn(tmp_path / "merged.json", many(50), run.duration_s / 20)
    fine, coarse = whole.counters[VOLTAGE], merged.counters[VOLTAGE]
    assert len(coarse) <= 4 * 21 + 2
    assert (min(v for _, v in coarse), max(v for _, v in coarse)) == (min(v for _, v in fine), max(v for _, v in fine))


@pytest.mark.parametrize("budget", [60_000, 300_000])
def test_a_file_keeps_to_its_size(budget: int, tmp_path: Path) -> None:
    """Whatever the length of a run, its beginning is in full detail and no sum changes."""
    path = tmp_path / "t.json"
    run, bounded_timeline = drawn(path, many(200), None, budget)
    whole_run, whole = drawn(tmp_path / "whole.json", many(200))
    assert run == whole_run
    assert path.stat().st_size <= budget + 3000 < (tmp_path / "whole.json").stat().st_size
    check_times_of_phases(run, whole, bounded_timeline)
    first = whole.rows["phase"][:20]
    assert bounded_timeline.rows["phase"][:20] == first


# --- the file


def test_a_compressed_file_says_the_same_and_equal_runs_make_equal_files(tmp_path: Path) -> None:
    names = ["a.json", "a.json.gz", "b.json.gz"]
    timelines = [drawn(tmp_path / name, many(3))[1] for name in names]
    assert timelines[0] == timelines[1] == timelines[2]
    assert (tmp_path / names[1]).read_bytes() == (tmp_path / names[2]).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_a_run_that_breaks_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), open_event_file(tmp_path / "t.json"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_names_that_cannot_be_timelines_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    refused = {"case.toml": "must end in", "folder.json": "is a folder", "none/t.json": "folder does not exist"}
    for name, reason in refused.items():
        with pytest.raises(InputError, match=reason), open_event_file(tmp_path / name):
            pytest.fail("a file was opened")
    for resolution in (-1.0, math.inf, math.nan):
        with pytest.raises(InputError, match="--timeline-resolution"), open_event_file(tmp_path / "t.json", resolution):
            pytest.fail("a file was opened")


@settings(max_examples=20, deadline=None)
@given(events=st.integers(0, 60))
def test_an_interrupted_run_has_a_valid_timeline(events: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("run") / "t.json"
    with open_event_file(path, 0.0) as file:
        recorder = TimelineRecorder(file)
        run = run_case(bench(), supply("thevenin"), observers=[recorder], stop_after=events)
        recorder.finish(run, "bench", {})
    assert run.verdict is Verdict.INTERRUPTED
    check_times(run, read_timeline(path))
