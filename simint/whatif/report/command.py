"""`simint whatif report STUDY`: what a study file says, in the terminal and as a folder with a page."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simint.cli import Parser
from simint.errors import InputError

if TYPE_CHECKING:
    from simint.whatif.frame import StudyFrame
    from simint.whatif.report.answers import Recommendation
    from simint.whatif.report.columns import Column
    from simint.whatif.report.fronts import Front
    from simint.whatif.report.goal import Goal
    from simint.whatif.report.study import Parameter, Study

# Rows of the table in the terminal, and of the one in the page.
_BEST, _MOST = 10, 2000


def report_parser() -> argparse.ArgumentParser:
    """The parser of `simint whatif report`."""
    parser = Parser(
        prog="simint whatif report",
        allow_abbrev=False,
        description="Say what a study found: a recommendation, the best designs, curves, heat maps and a Pareto front.",
    )
    add_report_arguments(parser)
    return parser


def add_report_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the report."""
    parser.add_argument("study", help="study file, as simint whatif writes it; it may be unfinished")
    parser.add_argument(
        "--out", metavar="DIR", help="write report.html, the plots as PNG, and the tables as CSV and Parquet there"
    )
    parser.add_argument(
        "--goal",
        metavar="GOAL",
        help='what a design must do: "finished>=95%% within 30s and imo<=20%%" (default: come near the best latency)',
    )
    parser.add_argument(
        "--size", metavar="S", help="what shall be small: a parameter or metric (default: the capacitance)"
    )
    parser.add_argument("--x", metavar="P", help="parameter of the curves (default: the first number that varies)")
    parser.add_argument(
        "--y",
        metavar="M,N",
        help="metrics to draw, the first decides between equals (default: those of the goal, latency_p95, "
        "throughput_per_day, imo)",
    )
    parser.add_argument("--best", metavar="N", type=int, default=_BEST, help=f"rows to print (default: {_BEST})")
    parser.add_argument("--table", metavar="FILE", help="write the points to FILE, .csv or .parquet")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a study, checked against it."""

    metrics: tuple[Column, ...]
    x: Parameter | None
    goal: Goal | None
    size: Column | None


def report(arguments: argparse.Namespace) -> int:
    """Print the report and write what is asked for; InputError for an option that does not fit the study."""
    from simint.report.write import prepare_folder
    from simint.whatif.frame import load_study
    from simint.whatif.report.answers import recommendations
    from simint.whatif.report.export import write_table
    from simint.whatif.report.study import study_of

    path = Path(arguments.study)
    loaded = load_study(path)
    study = study_of(loaded.frame, loaded.varied, loaded.units)
    request = _request(arguments, study)
    folder = None if arguments.out is None else prepare_folder(Path(arguments.out))
    found = recommendations(study, request.goal, request.metrics[0], request.size)
    _print(study, found, request, arguments.best)
    if arguments.table is not None:
        write_table(loaded.frame, Path(arguments.table))
        print(f"points written to {arguments.table}")
    if folder is not None:
        _write(folder, path, loaded, study, found, request, arguments)
        print(f"written to {folder}: open {folder / 'report.html'}")
    return 0


def _request(arguments: argparse.Namespace, study: Study) -> Request:
    from simint.whatif.report.goal import parse_goal
    from simint.whatif.report.plates import default_metrics
    from simint.whatif.report.recommend import preferred_size

    if arguments.best < 1:
        raise InputError(f"--best must be a number from 1 on, got {arguments.best}")
    x = None if arguments.x is None else study.parameter(arguments.x)
    if x is not None and not x.numeric:
        raise InputError(f"--x: {x.name} is no number; numbers that vary: {_names(study.numeric)}")
    size = preferred_size(study) if arguments.size is None else study.column(arguments.size)
    goal = None if arguments.goal is None else parse_goal(arguments.goal, study)
    if arguments.y is not None:
        metrics = [study.column(word.strip()) for word in arguments.y.split(",")]
    else:
        metrics = default_metrics(study, goal)
    return Request(tuple(metrics), x, goal, size)


def _names(parameters: tuple[Parameter, ...]) -> str:
    return ", ".join(parameter.name for parameter in parameters) or "none"


def _print(study: Study, found: tuple[Recommendation, ...], request: Request, best: int) -> None:
    from simint.whatif.report.designs import environments
    from simint.whatif.report.overview import overview_of
    from simint.whatif.report.ranking import rank_designs, rank_points
    from simint.whatif.report.terminal import print_report
    from simint.whatif.report.wording import study_cautions

    by, several = request.metrics[0], len(environments(study)) > 1
    ranking = rank_designs(study, by, best) if several and study.design else rank_points(study, by, best)
    title = f"{'Designs by the worst' if several and study.design else 'Points by'} {by.label}"
    print_report(found, overview_of(study, found[0].finding), ranking, study_cautions(study), title)


def _write(
    folder: Path,
    path: Path,
    loaded: StudyFrame,
    study: Study,
    found: tuple[Recommendation, ...],
    request: Request,
    arguments: argparse.Namespace,
) -> None:
    from simint.whatif.report.facts import facts_of
    from simint.whatif.report.fronts import fronts_of
    from simint.whatif.report.overview import overview_of
    from simint.whatif.report.page import page_html
    from simint.whatif.report.plates import front_metric, plates
    from simint.whatif.report.wording import study_cautions
    from simint.whatif.report.write import Written, write_folder

    size, metric = request.size, front_metric(request.metrics, request.size)
    fronts = () if size is None or metric is None else fronts_of(study, size, metric)
    drawn = plates(study, request.x, request.metrics, request.goal, size)
    page = page_html(
        facts_of(path, loaded, study, _options(arguments)),
        found,
        study_cautions(study),
        overview_of(study, found[0].finding),
        drawn,
        _sections(study, fronts, request),
    )
    front = fronts[0].designs.iloc[fronts[0].rows] if fronts else None
    write_folder(folder, Written(page, drawn, loaded.frame, front, loaded.description))


def _sections(study: Study, fronts: tuple[Front, ...], request: Request) -> list[Any]:
    from simint.whatif.report.designs import environments
    from simint.whatif.report.page import Section
    from simint.whatif.report.plates import front_metric
    from simint.whatif.report.ranking import design_rows, rank_designs, rank_points

    by, found = request.metrics[0], []
    metric = front_metric(request.metrics, request.size)
    if fronts and request.size is not None and metric is not None:
        table = design_rows(study, fronts[0].designs, fronts[0].rows, (request.size, metric))
        text = f"No other design studied is as good in both; {fronts[0].title or 'all points'}."
        found.append(Section("Pareto front", text, table))
    if len(environments(study)) > 1 and study.design:
        text = "Each design with the worst of every metric over all of them; empty where one has no value."
        found.append(Section("Designs", text, rank_designs(study, by, _MOST), long=True))
    points = rank_points(study, by, _MOST)
    text = "Every point that was computed; a click on a heading sorts."
    if points.total > _MOST:
        text = f"The best {_MOST:,} of {points.total:,} points; points.csv has them all. A click on a heading sorts."
    found.append(Section("Points", text, points, long=True))
    return found


def _options(arguments: argparse.Namespace) -> list[str]:
    """The options that were given, as a command line."""
    words: list[str] = []
    for name in ("goal", "size", "x", "y", "out"):
        value = getattr(arguments, name)
        if value is not None:
            words += [f"--{name}", str(value)]
    return words
