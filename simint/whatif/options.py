"""The command lines of `simint whatif` and `simint whatif bisect`: their options, and the study they make."""

from __future__ import annotations

import argparse
from pathlib import Path

from simint.cli import Parser
from simint.config import read_toml
from simint.errors import InputError
from simint.naming import listing
from simint.replay.options import add_scenario_options, scenario_from_arguments
from simint.scenario import Scenario
from simint.whatif.metrics import DEFAULT_METRICS, METRIC_NAMES, METRICS_LISTED_BY
from simint.whatif.parts import BEST, HELD
from simint.whatif.study import Hold, Study, parse_sampling, study_from_data
from simint.whatif.variation import Variation, parse_variation
from simint.workers.pool import Where

_VARY = (
    "what varies, may be repeated: capacitor=100uF:10mF:log:50, v_on=2.6V:4V:8, trace=rf/*,solar-*, policy=tile,jit, "
    "design=best,held, or any place of a scenario such as supply.quiescent=100nA,1uA"
)
_QUANTITIES = (
    "Options of the base scenario are those of `simint replay`. `--design best` (the default) explores designs for "
    "every point, `--design held` once for the base scenario. Quantities carry units: 5mF, 24h."
)


def study_parser() -> argparse.ArgumentParser:
    """The parser of `simint whatif`."""
    parser = Parser(
        prog="simint whatif",
        allow_abbrev=False,
        description="Replay a scenario at every point of what varies, into a study file that can be gone on with. "
        "`simint whatif report --help`: what it says. `simint whatif bisect --help`: the smallest value that "
        "meets a goal.",
        epilog=f"{_QUANTITIES} Metrics: {', '.join(METRIC_NAMES)}.",
    )
    parser.add_argument("scenario", nargs="?", help="base scenario, or a whole study (TOML with a table [vary])")
    _add_common(parser)
    study = parser.add_argument_group("study")
    study.add_argument("--sample", metavar="HOW", help="grid (default), random:N or lhs:N")
    study.add_argument("--sample-seed", metavar="N", type=int, help="seed of the sample (default: 0)")
    study.add_argument("--study", metavar="FILE", default="whatif.db", help="the study file (default: whatif.db)")
    study.add_argument("--resume", metavar="FILE", help="go on with the study of this file; no other study options")
    study.add_argument("--again", action="store_true", help="compute points that ended in an error once more")
    study.add_argument(
        "--metric", metavar="A,B", help=f"what is printed (default: {','.join(DEFAULT_METRICS)}); all are in the file"
    )
    add_scenario_options(parser)
    return parser


def bisect_parser() -> argparse.ArgumentParser:
    """The parser of `simint whatif bisect`."""
    parser = Parser(
        prog="simint whatif bisect",
        allow_abbrev=False,
        description="The smallest value of a range that meets a goal, for every combination of what else varies.",
        epilog=_QUANTITIES,
    )
    parser.add_argument("scenario", nargs="?", help="base scenario (TOML)")
    _add_common(parser)
    search = parser.add_argument_group("search")
    search.add_argument(
        "--until",
        "--goal",
        dest="goal",
        required=True,
        metavar="GOAL",
        help='for example "finished>=95%% within 30s" or "finished_share>=0.95 and latency_p95<=30s"',
    )
    search.add_argument("--largest", action="store_true", help="the largest value instead of the smallest")
    search.add_argument("--tolerance", metavar="T", default="1%", help="relative width of the result (default: 1%%)")
    search.add_argument(
        "--scan", metavar="N", type=int, default=9, help="values at which the whole range is looked at (default: 9)"
    )
    search.add_argument("--json", action="store_true", help="print the result as JSON")
    add_scenario_options(parser)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what varies, and where it runs")
    group.add_argument("--vary", metavar="NAME=VALUES", action="append", default=[], help=_VARY)
    group.add_argument(
        "--hold", choices=[hold.value for hold in Hold], help="keep the base's energy between the thresholds, or volume"
    )
    group.add_argument("--jobs", metavar="N", type=int, default=0, help="processes (default: one a core)")
    group.add_argument(
        "--cluster", metavar="ADDRESS", default="", help="run on a dask cluster: its scheduler's address"
    )


def study_from_arguments(arguments: argparse.Namespace) -> Study:
    """The study of a file, or of the command line. Raises InputError naming the option, or file and field."""
    data = {} if arguments.scenario is None else read_toml(Path(arguments.scenario))
    if "vary" in data:
        given = given_options(arguments, study_parser(), {"scenario", "study", "jobs", "cluster", "again", "metric"})
        if given:
            raise InputError(f"{given[0]} does not go with a study file: write it into {arguments.scenario}")
        return study_from_data(data, arguments.scenario, Path(arguments.scenario).parent)
    scenario, held = base_scenario(arguments)
    return Study(
        scenario=scenario,
        variations=variations(arguments),
        sampling=parse_sampling(arguments.sample or "grid", arguments.sample_seed or 0),
        hold=None if arguments.hold is None else Hold(arguments.hold),
        held=held,
    )


def base_scenario(arguments: argparse.Namespace) -> tuple[Scenario, bool]:
    """The scenario around which things vary, and whether its best designs are held."""
    held = arguments.design == HELD
    if held:
        arguments = argparse.Namespace(**{**vars(arguments), "design": BEST})
    return scenario_from_arguments(arguments), held


def variations(arguments: argparse.Namespace) -> tuple[Variation, ...]:
    """What varies."""
    return tuple(parse_variation(text) for text in arguments.vary)


def where_from_arguments(arguments: argparse.Namespace) -> Where:
    """Where points run; InputError for a number of jobs that is none."""
    if arguments.jobs < 0:
        raise InputError(f"--jobs must be a number from 1 on, or 0 for one a core, got {arguments.jobs}")
    return Where(arguments.jobs, arguments.cluster)


def metrics_from_arguments(arguments: argparse.Namespace) -> tuple[str, ...]:
    """The metrics to print; a name may lack its unit. InputError names those there are."""
    if arguments.metric is None:
        return DEFAULT_METRICS
    found = []
    for word in arguments.metric.split(","):
        matches = [name for name in METRIC_NAMES if name == word.strip() or name.startswith(f"{word.strip()}_")]
        if not matches:
            names = listing(METRIC_NAMES, word.strip(), METRICS_LISTED_BY)
            raise InputError(f"--metric: unknown metric {word.strip()!r}; {names}")
        found.append(matches[0])
    return tuple(found)


def given_options(arguments: argparse.Namespace, parser: argparse.ArgumentParser, beside: set[str]) -> list[str]:
    """Options with another value than their default, those of `beside` left out."""
    return [
        action.option_strings[0]
        for action in parser._actions
        if action.option_strings
        and action.dest not in beside
        and action.dest != "help"
        and getattr(arguments, action.dest) != action.default
    ]
