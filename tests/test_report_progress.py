"""The progress bar: silent in short runs, on stderr only, gone at the end."""

from __future__ import annotations

import io
import sys

import msgspec
import pytest
from report_cases import bench, run_case, supply

import simint.report.status
from simint.engine.workload import Workload
from simint.report.progress import Progress, expected_duration_s
from simint.scenario import Scenario, TraceChoice
from simint.trace.power_trace import TraceEnd

SCENARIO = Scenario(trace=TraceChoice(name="constant-1mw"))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that gains `gain_s` each time it is read."""

    def __init__(self, gain_s: float) -> None:
        self.now_s, self.gain_s = 0.0, gain_s

    def monotonic(self) -> float:
        self.now_s += self.gain_s
        return self.now_s


def run_with_bar(monkeypatch: pytest.MonkeyPatch, stderr: io.StringIO, gain_s: float) -> str:
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(simint.report.status, "time", Clock(gain_s))
    scenario = msgspec.structs.replace(SCENARIO, duration=120.0)
    with Progress(scenario) as progress:
        run_case(bench(), supply("thevenin"), duration_s=120.0, observers=[progress])
    return stderr.getvalue()


@pytest.mark.parametrize("stderr", [io.StringIO(), Terminal()])
def test_nothing_is_shown_in_a_run_of_less_than_a_second(monkeypatch: pytest.MonkeyPatch, stderr: io.StringIO) -> None:
    assert run_with_bar(monkeypatch, stderr, 1e-3) == ""


def test_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = run_with_bar(monkeypatch, Terminal(), 0.6)
    assert "simulated" in text
    assert "of 2 min" in text
    assert text.endswith(("\x1b[2K", "\x1b[?25h", "\r"))  # wiped, cursor back


def test_lines_where_stderr_is_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = run_with_bar(monkeypatch, io.StringIO(), 4.0).splitlines()
    assert lines
    assert all(line.startswith("simulated ") and "times real time" in line and "\x1b" not in line for line in lines)


@pytest.mark.parametrize(
    ("trace", "duration", "inferences", "expected"),
    [
        (TraceChoice(name="x"), None, None, 100.0),
        (TraceChoice(name="x"), 500.0, None, 500.0),
        (TraceChoice(name="x"), None, 3, None),
        (TraceChoice(name="x"), 500.0, 3, 500.0),
        (TraceChoice(name="x", end=TraceEnd.STOP, start=30.0), None, None, 70.0),
        (TraceChoice(name="x", end=TraceEnd.STOP, start=30.0), 500.0, 3, 70.0),
        (TraceChoice(name="x", start=30.0), None, None, 100.0),
    ],
)
def test_expected_end_of_a_run(
    trace: TraceChoice, duration: float | None, inferences: int | None, expected: float | None
) -> None:
    scenario = Scenario(trace=trace, duration=duration, workload=Workload(inferences=inferences))
    assert expected_duration_s(scenario, 100.0) == expected
