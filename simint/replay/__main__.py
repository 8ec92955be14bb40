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

from simint.cli import INTERRUPTED, announce_compilation, guarded
from simint.replay.case import replay
from simint.replay.options import replay_parser, scenario_from_arguments

if TYPE_CHECKING:
    from simint.engine.observer import Observer


def main(argv: list[str] | None = None) -> int:
    """The command; see `--help`."""
    return guarded(lambda: _run(replay_parser().parse_args(argv)))


def _run(arguments: argparse.Namespace) -> int:
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
    with _interrupt_flag() as interrupted:
        with Progress(scenario) as progress:
            result = replay(scenario, [*observers, progress], interrupted)
        summary = summary_data(result)
        if folder is not None:
            write_report(folder, result, summary, recorder)
    if arguments.json:
        print(summary_json(summary))
    else:
        print_summary(result)
        if folder is not None:
            print(f"written to {folder}")
    return INTERRUPTED if summary.partial else 0


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
