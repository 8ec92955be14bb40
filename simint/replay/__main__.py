"""`python -m simint.replay`: from trace to verdict, printed as a table, as JSON, or written to a folder."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import msgspec

from simint.cli import INTERRUPTED, announce_compilation, guarded
from simint.errors import InputError
from simint.replay.case import replay
from simint.replay.options import replay_parser, scenario_from_arguments
from simint.units import parse_quantity

if TYPE_CHECKING:
    from simint.engine.observer import Observer
    from simint.replay.case import Replay
    from simint.report.timeline.recorder import TimelineRecorder
    from simint.scenario import Scenario


def main(argv: list[str] | None = None) -> int:
    """The command; see `--help`."""
    return guarded(lambda: _run(replay_parser().parse_args(argv)))


def _run(arguments: argparse.Namespace) -> int:
    from simint.report.plot import run_title
    from simint.report.progress import Progress
    from simint.report.recorder import VoltageRecorder
    from simint.report.summary import summary_data, summary_json
    from simint.report.text import print_summary
    from simint.report.write import prepare_folder, write_report

    scenario = scenario_from_arguments(arguments)
    announce_compilation()
    folder = None if arguments.out is None else prepare_folder(Path(arguments.out))
    recorder = VoltageRecorder()
    observers: list[Observer] = [] if folder is None else [recorder]
    with _interrupt_flag() as interrupted, _timeline(arguments) as timeline:
        if timeline is not None:
            observers.append(timeline)
        with Progress(scenario) as progress:
            result = replay(scenario, [*observers, progress], interrupted)
        _say_if_replaced(scenario, result)
        summary = summary_data(result)
        if timeline is not None:
            timeline.finish(result.run, run_title(summary).replace("\n", ": "), msgspec.to_builtins(summary))
        if folder is not None:
            write_report(folder, result, summary, recorder)
    if arguments.json:
        print(summary_json(summary))
    else:
        print_summary(result)
        if folder is not None:
            print(f"written to {folder}")
        if timeline is not None:
            print(f"timeline in {arguments.timeline}: {timeline.remark}")
    return INTERRUPTED if summary.partial else 0


def _say_if_replaced(scenario: Scenario, result: Replay) -> None:
    """A line on stderr where the compiled engine was asked for and could not do it."""
    from simint.engine.engines import Engine, EngineChoice

    if scenario.engine is EngineChoice.COMPILED and result.run.engine is Engine.EVENT:
        why = "--out and --timeline need every event, and a very long inference more steps than the compiled one holds"
        print(f"note: the event engine made this run: {why}", file=sys.stderr)


@contextmanager
def _timeline(arguments: argparse.Namespace) -> Iterator[TimelineRecorder | None]:
    """Who writes the timeline, if one is asked for; its file appears when the block ends well."""
    if arguments.timeline is None:
        if arguments.timeline_resolution is not None:
            raise InputError("--timeline-resolution says how fine --timeline FILE is; give both")
        yield None
        return
    from simint.report.timeline.event_file import open_event_file
    from simint.report.timeline.recorder import TimelineRecorder

    resolution = arguments.timeline_resolution
    resolution_s = None if resolution is None else parse_quantity(resolution, "s", "--timeline-resolution")
    with open_event_file(Path(arguments.timeline), resolution_s) as file:
        yield TimelineRecorder(file)


@contextmanager
def _interrupt_flag() -> Iterator[Callable[[], bool]]:
    """Ctrl-C asks the run to end with a valid partial result, which is then written; a second one breaks off."""
    asked = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)


if __name__ == "__main__":
    sys.exit(main())
