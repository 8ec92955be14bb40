"""The command line of `python -m nas.search`, and the configuration it makes."""

from __future__ import annotations

import argparse
import enum
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from nas.problem.objectives import OBJECTIVES
from nas.search.config import AccuracyBy, SearchConfig, SupernetKind
from nas.search.config_file import read_config
from nas.search.families import ALL_METHODS
from simint.cli import Parser
from simint.config import decode
from simint.errors import InputError
from simint.units import parse_percent, parse_quantity
from simint.workers.pool import Where

DEFAULT_FOLDER = "runs/search"
Word = TypeVar("Word", bound=enum.StrEnum)


def search_parser() -> Parser:
    """The parser; every option but the last group is a field of the configuration."""
    parser = Parser(
        prog="python -m nas.search",
        allow_abbrev=False,
        description="Search networks for an intermittently powered computer. Without arguments: the Pareto front of "
        "accuracy, latency and overhead of the digits space, judged by replay.",
        epilog="Options named [sc-nas] or [dnas] are for these methods too, those of groups named so for them alone, "
        "all others for the methods over search spaces alone; --method, --seed, --data, --data-folder, --epochs, --out "
        "and --print-config are for all. Run again with the same folder it goes on where it ended, after "
        "Ctrl-C or anything worse. "
        "Quantities carry units: 5mF, 18.5s, 24h; a bare number is in SI units.",
    )
    parser.add_argument("config", nargs="?", metavar="CONFIG.toml", help="a configuration; options replace its fields")
    what = parser.add_argument_group("what is searched, and how")
    what.add_argument("--method", metavar="M", help=f"one of {', '.join(ALL_METHODS)} (default: pareto)")
    what.add_argument("--space", metavar="S", help="a search space by name or TOML file (default: digits) [sc-nas]")
    what.add_argument(
        "--objective", metavar="NAME", action="append", help=f"may be repeated; {', '.join(OBJECTIVES)} [dnas: one]"
    )
    what.add_argument(
        "--evaluations", metavar="N", type=int, help="to measure (default: the method's) [sc-nas: of the joint search]"
    )
    what.add_argument("--population", metavar="N", type=int, help="of a generation (default: the method's)")
    what.add_argument("--seed", metavar="N", type=int, help="of everything random (default: 0)")
    what.add_argument(
        "--as-published", action="store_true", help="tinas.., inas, hw-nas: with the defects of their artefacts"
    )
    limits = parser.add_argument_group("what a network must meet")
    limits.add_argument("--latency", metavar="T", help="end-to-end latency of the cost model at most T, such as 18.5s")
    limits.add_argument("--imo", metavar="PERCENT", help="intermittency management overhead at most this")
    limits.add_argument("--nvm", metavar="BYTES", help="weights and features together")
    target = parser.add_argument_group("what the cost model assumes")
    target.add_argument("--platform", metavar="P", help="in place of the space's [dnas]")
    target.add_argument("--capacitor", metavar="C", help="capacitance in place of the space's, such as 470uF [dnas]")
    target.add_argument("--source-resistance", metavar="R", help="where none was calibrated for that capacitor [dnas]")
    measures = parser.add_argument_group("how candidates are measured")
    ways = ", ".join(way.value for way in AccuracyBy)
    measures.add_argument(
        "--accuracy", metavar="HOW", help=f"one of {ways} (default: auto, a supernet where the space has one)"
    )
    measures.add_argument(
        "--epochs", metavar="N", type=int, help="of the supernet, or of each training; dnas: of its search"
    )
    kinds = ", ".join(kind.value for kind in SupernetKind)
    measures.add_argument("--supernet", metavar="KIND", help=f"one of {kinds} (as TiNAS trains it); default: trusted")
    measures.add_argument("--data", metavar="NAME", help="data set (default: the space's)")
    measures.add_argument("--data-folder", metavar="DIR", help="where it lies (default: SIMINT_DATA)")
    _add_replays(parser)
    _add_stochastic(parser)
    _add_channels(parser)
    run = parser.add_argument_group("where it runs")
    run.add_argument("--out", metavar="DIR", default=DEFAULT_FOLDER, help=f"default: {DEFAULT_FOLDER}")
    run.add_argument("--workers", metavar="N", type=int, help="processes (default: one a core) [sc-nas]")
    run.add_argument("--cluster", metavar="ADDRESS", help="a dask cluster: its scheduler's address [sc-nas]")
    run.add_argument(
        "--device", metavar="D", help="where a supernet is trained: cpu (the default), cuda, cuda:N or auto [dnas]"
    )
    run.add_argument("--print-config", action="store_true", help="print the configuration as TOML and do nothing")
    return parser


def _add_replays(parser: Parser) -> None:
    replay = parser.add_argument_group(
        "replays: of every candidate where an objective asks for it, of the front at the end [dnas: of the front]"
    )
    replay.add_argument(
        "--trace",
        metavar="T",
        action="append",
        help="name or FILE[#ARRAY], then ,KEY=VALUE as in rf.trace,scale=0.5,crop_stop=1h; may be repeated",
    )
    replay.add_argument(
        "--supply", metavar="S", help="preset or file; it takes the cost model's capacitor and thresholds"
    )
    replay.add_argument("--supply-as-is", action="store_true", help="leave the supply its own capacitor and thresholds")
    replay.add_argument("--replay-platform", metavar="P", help="in consistent cost mode (default: msp430fr5994)")
    replay.add_argument("--policy", metavar="P", help="recovery policy (default: tile)")
    replay.add_argument("--duration", metavar="T", help="of each replay (default: the trace once, at least 10 min)")
    replay.add_argument("--finalists", metavar="N", type=int, help="networks of the front to replay (default: 12)")


def _add_stochastic(parser: Parser) -> None:
    group = parser.add_argument_group("method sc-nas: networks and their stochastic-computing hardware")
    group.add_argument("--energy-max", metavar="E", help="of one inference, such as 4nJ (the default)")
    group.add_argument("--test", action="store_true", help="open the test split when all is done [dnas]")


def _add_channels(parser: Parser) -> None:
    group = parser.add_argument_group("method dnas: how many channels of a seed network to keep")
    group.add_argument(
        "--seed-net", metavar="NET", help="resnet8, dscnn, mobilenetv1-025, a word such as mbconv:..., preset or .json"
    )
    group.add_argument(
        "--memory", metavar="M", action="append", help="share of the seed's or bytes: 50%% (the default), 64kB; repeat"
    )
    group.add_argument("--memory-of", metavar="WHAT", help="nvm: all that is stored (the default), or weights")
    group.add_argument(
        "--strength", metavar="X", type=float, action="append", help="of the objective (default: 0.1); repeat"
    )
    group.add_argument("--repeats", metavar="N", type=int, help="seeds, from --seed on (default: 1)")


def config_from_arguments(arguments: argparse.Namespace) -> SearchConfig:
    """The configuration of the file given, options in place of its fields; InputError names the option or field."""
    base = SearchConfig() if arguments.config is None else read_config(Path(arguments.config))
    fields: dict[str, Any] = {
        "method": arguments.method,
        "space": arguments.space,
        "objectives": None if arguments.objective is None else tuple(arguments.objective),
        "evaluations": arguments.evaluations,
        "population": arguments.population,
        "seed": arguments.seed,
        "platform": arguments.platform,
        "capacitance": quantity(arguments.capacitor, "F", "--capacitor"),
        "resistance": quantity(arguments.source_resistance, "ohm", "--source-resistance"),
        "data": arguments.data,
        "data_folder": arguments.data_folder,
        "finalists": arguments.finalists,
        "limits": changed(
            base.limits,
            {
                "latency": quantity(arguments.latency, "s", "--latency"),
                "imo": None if arguments.imo is None else parse_percent(arguments.imo, "--imo"),
                "nvm_bytes": quantity(arguments.nvm, "B", "--nvm"),
            },
        ),
        "accuracy": changed(
            base.accuracy,
            {
                "by": _one_of(AccuracyBy, arguments.accuracy, "--accuracy"),
                "supernet": _one_of(SupernetKind, arguments.supernet, "--supernet"),
                "epochs": arguments.epochs,
            },
        ),
        "as_published": True if arguments.as_published else None,
        "replay": changed(base.replay, replay_fields(arguments)),
    }
    config: SearchConfig = changed(base, fields)
    return config


def _one_of(words: type[Word], text: str | None, option: str) -> Word | None:
    """What an option names, None where it was not given."""
    if text is not None and text not in set(words):
        raise InputError(f"{option}: one of {', '.join(words)} expected, got {text!r}")
    return None if text is None else words(text)


def where_from_arguments(arguments: argparse.Namespace) -> Where:
    """Where candidates are measured; InputError for a number of workers that is none."""
    workers = arguments.workers or 0
    if workers < 0:
        raise InputError(f"--workers must be a number from 1 on, or 0 for one a core, got {workers}")
    return Where(workers, arguments.cluster or "")


def replay_fields(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fields of `ReplayChoice` from the options for replays; None for what was not given."""
    from nas.search.replaying import read_trace_word
    from simint.scenario import PolicyChoice

    return {
        "traces": None if arguments.trace is None else tuple(map(read_trace_word, arguments.trace)),
        "supply": arguments.supply,
        "as_is": True if arguments.supply_as_is else None,
        "platform": arguments.replay_platform,
        "policy": None if arguments.policy is None else PolicyChoice(name=arguments.policy),
        "duration": quantity(arguments.duration, "s", "--duration"),
    }


def changed(base: Any, fields: dict[str, Any]) -> Any:
    """A struct with what is given in place of its fields, its checks made again."""
    given = {name: value for name, value in fields.items() if value is not None}
    if not given:
        return base
    whole = msgspec.to_builtins(base) | msgspec.to_builtins(given)
    return decode(whole, type(base), "command line")


def quantity(text: str | None, dimension: str, option: str) -> float | None:
    """What an option says, in SI units; None where it was not given."""
    return None if text is None else parse_quantity(text, dimension, option)
