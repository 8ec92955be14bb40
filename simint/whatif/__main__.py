"""`python -m simint.whatif`: studies into a file, what they say, and thresholds by bisection."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from simint.cli import INTERRUPTED, announce_compilation, guarded
from simint.errors import InputError
from simint.units import parse_quantity

if TYPE_CHECKING:
    from simint.whatif.search import Search, Threshold


def main(argv: list[str] | None = None) -> int:
    """The command; see `--help`."""
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == ["bisect"]:
        return guarded(lambda: _bisect(words[1:]))
    if words[:1] == ["report"]:
        return guarded(lambda: _report(words[1:]))
    return guarded(lambda: _study(words))


def _study(words: list[str]) -> int:
    from simint.whatif.options import (
        given_options,
        metrics_from_arguments,
        study_from_arguments,
        study_parser,
        where_from_arguments,
    )

    parser = study_parser()
    arguments = parser.parse_args(words)
    from simint.whatif.session import resume_study, run_study
    from simint.whatif.text import print_errors, print_points

    metrics, where = metrics_from_arguments(arguments), where_from_arguments(arguments)
    if arguments.resume is not None:
        given = given_options(arguments, parser, {"resume", "jobs", "cluster", "again", "metric"})
        if given or arguments.scenario is not None:
            option = "a scenario" if arguments.scenario is not None else given[0]
            raise InputError(f"--resume takes the study from its file; {option} does not go with it")
        path = Path(arguments.resume)
        announce_compilation()
        state = resume_study(path, where, again=arguments.again, shown=True)
    else:
        study, path = study_from_arguments(arguments), Path(arguments.study)
        announce_compilation()
        state = run_study(study, path, where, again=arguments.again, shown=True)
    if state.interrupted:
        print(
            f"interrupted: {state.done:,} of {state.points:,} points are in {path}; "
            f"go on with: simint whatif --resume {path}",
            file=sys.stderr,
        )
        return INTERRUPTED
    print_points(path, metrics)
    print_errors(path)
    print(f"{state.points:,} points in {path}; what they say: simint whatif report {path} --out DIR")
    return 0


def _report(words: list[str]) -> int:
    from simint.whatif.report.command import report, report_parser

    return report(report_parser().parse_args(words))


def _bisect(words: list[str]) -> int:
    from simint.whatif.options import base_scenario, bisect_parser, variations, where_from_arguments
    from simint.whatif.study import Hold

    arguments = bisect_parser().parse_args(words)
    from simint.whatif.search import make_search, thresholds

    scenario, held = base_scenario(arguments)
    search = make_search(
        scenario,
        variations(arguments),
        scan=arguments.scan,
        hold=None if arguments.hold is None else Hold(arguments.hold),
        held=held,
    )
    announce_compilation()
    found = thresholds(
        search,
        arguments.goal,
        largest=arguments.largest,
        tolerance=parse_quantity(arguments.tolerance, "", "--tolerance"),
        where=where_from_arguments(arguments),
    )
    if arguments.json:
        print(msgspec.json.format(msgspec.json.encode(_data(search, found, arguments)), indent=2).decode())
    else:
        from simint.whatif.text import print_thresholds

        print_thresholds(search, found, arguments.goal, arguments.largest)
    return 0


def _data(search: Search, found: tuple[Threshold, ...], arguments: argparse.Namespace) -> dict[str, object]:
    names = search.study.names
    return {
        "format": "simint-thresholds/1",
        "parameter": names[0],
        "unit": search.study.variations[0].unit,
        "goal": arguments.goal,
        "largest": arguments.largest,
        "groups": [
            {**dataclasses.asdict(threshold), "group": dict(zip(names[1:], threshold.group, strict=True))}
            for threshold in found
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
