"""The command line of `simint replay`: its options, and the scenario they make."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from simint.cli import Parser
from simint.engine.engines import EngineChoice
from simint.engine.policy import POLICY_NAMES
from simint.errors import InputError
from simint.hardware.platform import Platform
from simint.hardware.presets import preset_names
from simint.hardware.supply import Supply
from simint.units import parse_quantity

if TYPE_CHECKING:
    from simint.scenario import DesignChoice, PolicyChoice, Scenario, TraceChoice
    from simint.trace.readers.options import ReadOptions

# What runs without arguments: a walk past an RF transmitter, long enough to see power fail, short enough to wait for.
DEFAULT_TRACE = "rf-walk-by"


def replay_parser() -> argparse.ArgumentParser:
    """The argument parser; every quantity stays text until the scenario is made."""
    parser = Parser(
        prog="simint replay",
        allow_abbrev=False,
        description="Replay a power trace on a battery-less device that runs a neural network, and say what happened.",
        epilog="Quantities carry units: 5mF, 2.8kohm, 4.5V, 24h. Without arguments a default case is replayed: "
        f"trace {DEFAULT_TRACE}. A negative value is written with `=`.",
    )
    parser.add_argument(
        "scenario", nargs="?", help="scenario file (TOML), as --out writes it; options below override it"
    )
    add_scenario_options(parser)
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="print the summary as JSON")
    output.add_argument("--out", metavar="DIR", help="write summary.json, tables, plot and scenario.toml there")
    output.add_argument(
        "--timeline", metavar="FILE", help="write what happened when, for ui.perfetto.dev: a .json or .json.gz file"
    )
    output.add_argument(
        "--timeline-resolution",
        metavar="TIME",
        help="merge slices shorter than this (default: as needed to keep the file below 200 MB)",
    )
    return parser


def add_scenario_options(parser: argparse.ArgumentParser) -> None:
    """The options that `scenario_from_arguments` reads, all but the scenario file itself."""
    trace = parser.add_argument_group("power trace")
    trace.add_argument(
        "--trace", metavar="T", help="name (`simint trace list`) or file; FILE#ARRAY selects inside a file"
    )
    trace.add_argument("--start", metavar="TIME", help="place in the trace at which the run starts")
    trace.add_argument("--scale", metavar="K", help="multiply the trace's power")
    trace.add_argument("--end", choices=["loop", "hold", "stop"], help="what follows the trace's end (default: loop)")
    trace.add_argument("--seed", type=int, help="regenerate a catalogue trace with another seed")
    trace.add_argument(
        "--read",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="what a trace file leaves unsaid, e.g. load_ohm=30kohm or cell_area_m2=4cm2; may be repeated",
    )
    hardware = parser.add_argument_group("hardware")
    hardware.add_argument("--supply", metavar="S", help=f"{_presets(Supply)} (default: boost)")
    hardware.add_argument(
        "--capacitor", metavar="C", help="another capacitance, e.g. 5mF, or another part by name or as a TOML file"
    )
    hardware.add_argument("--v-on", metavar="V", help="turn-on threshold instead of the supply's")
    hardware.add_argument("--v-off", metavar="V", help="turn-off threshold instead of the supply's")
    hardware.add_argument("--initial-voltage", metavar="V", help="capacitor voltage at the start (default: v_off)")
    hardware.add_argument("--platform", metavar="P", help=f"{_presets(Platform)} (default: msp430fr5994)")
    work = parser.add_argument_group("work")
    work.add_argument(
        "--network",
        metavar="N",
        help="preset, word such as plain:har:3x8-7x8-3x16 or mbconv:..., or JSON file (default: tinas-har-l25)",
    )
    work.add_argument(
        "--design", metavar="best|FILE", help="execution designs: the best ones, or a file of `simint explore`"
    )
    work.add_argument("--objective", choices=["energy", "latency", "published"], help="what `best` means")
    work.add_argument(
        "--policy",
        metavar="P",
        help=f"recovery policy: {', '.join(POLICY_NAMES)} (default: tile), or a TOML file with its options",
    )
    work.add_argument(
        "--guard",
        action=argparse.BooleanOptionalAction,
        help="tile: start a batch only if its energy is stored",
    )
    work.add_argument("--inferences", metavar="N", type=int, help="stop after N inferences")
    work.add_argument(
        "--duration", metavar="TIME", help="stop after this time (default without --inferences: one pass of the trace)"
    )
    work.add_argument("--period", metavar="TIME", help="release an inference every TIME instead of back to back")
    work.add_argument("--deadline", metavar="TIME", help="deadline of an inference, from its release")
    work.add_argument("--queue", choices=["newest", "fifo"], help="periodic releases that wait: newest only, or all")
    work.add_argument(
        "--engine",
        choices=[*EngineChoice],
        help="auto (the default): the compiled loop, or SimPy events where --out or --timeline record each of them",
    )


def scenario_from_arguments(arguments: argparse.Namespace) -> Scenario:
    """The scenario of a file, or the default one, with the options of the command line put over it.

    Raises InputError naming the option.
    """
    from simint.engine.workload import Queue
    from simint.scenario import Scenario, TraceChoice, read_scenario

    if arguments.scenario is not None:
        scenario = read_scenario(Path(arguments.scenario))
    else:
        scenario = Scenario(trace=TraceChoice(name=DEFAULT_TRACE))
    replace = msgspec.structs.replace
    scenario = replace(
        scenario,
        trace=_trace(arguments, scenario.trace),
        policy=_policy(arguments, scenario.policy),
        workload=replace(
            scenario.workload,
            **_given(
                inferences=arguments.inferences,
                period=_quantity(arguments.period, "s", "--period"),
                deadline=_quantity(arguments.deadline, "s", "--deadline"),
                queue=None if arguments.queue is None else Queue(arguments.queue),
            ),
        ),
        **_given(
            supply=arguments.supply,
            platform=arguments.platform,
            network=arguments.network,
            v_on=_quantity(arguments.v_on, "V", "--v-on"),
            v_off=_quantity(arguments.v_off, "V", "--v-off"),
            initial_voltage=_quantity(arguments.initial_voltage, "V", "--initial-voltage"),
            duration=_quantity(arguments.duration, "s", "--duration"),
            engine=None if arguments.engine is None else EngineChoice(arguments.engine),
        ),
        **_capacitor(arguments.capacitor),
    )
    return replace(scenario, design=_design(arguments, scenario))


def _capacitor(text: str | None) -> dict[str, Any]:
    """A quantity changes the size alone; a name or a file is another part, with its own leakage and resistance."""
    from simint.hardware.presets import part_names

    if text is None:
        return {}
    known = part_names("capacitors")
    if text.endswith(".toml") or text in known:
        return {"capacitor": text, "capacitance": None}
    if text[:1].isalpha():
        parts = ", ".join(known)
        raise InputError(f"--capacitor: {text!r} is neither a quantity such as 5mF nor a part; known parts: {parts}")
    return {"capacitance": _quantity(text, "F", "--capacitor")}


def _trace(arguments: argparse.Namespace, choice: TraceChoice) -> TraceChoice:
    """Another trace starts afresh: how the scenario's own was read and cropped means nothing for it."""
    from simint.scenario import TraceChoice
    from simint.trace.power_trace import TraceEnd

    if arguments.trace is not None:
        choice = TraceChoice(name=arguments.trace, scale=choice.scale, end=choice.end)
    changes = _given(
        seed=arguments.seed,
        start=_quantity(arguments.start, "s", "--start"),
        scale=_quantity(arguments.scale, "", "--scale"),
        end=None if arguments.end is None else TraceEnd(arguments.end),
    )
    if arguments.read:
        changes["read"] = _read_options(arguments.read, choice.read)
    if arguments.read or arguments.seed is not None:
        changes["sha256"] = None  # not the content that the scenario recorded
    return msgspec.structs.replace(choice, **changes)


def _policy(arguments: argparse.Namespace, choice: PolicyChoice) -> PolicyChoice:
    """Another policy starts with its own defaults: the options of the scenario's own belong to that."""
    from simint.config import load_toml
    from simint.scenario import PolicyChoice

    word = arguments.policy
    if word is not None and word.endswith(".toml"):
        choice = load_toml(Path(word), PolicyChoice)
    elif word is not None and word != choice.name:
        choice = PolicyChoice(name=word)
    return choice if arguments.guard is None else msgspec.structs.replace(choice, guard=arguments.guard)


def _read_options(items: list[str], known: ReadOptions) -> ReadOptions:
    from simint.config import decode
    from simint.trace.readers.options import ReadOptions

    read = {key: value for key, value in msgspec.to_builtins(known).items() if value is not None}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals:
            raise InputError(f"--read: {item!r} must have the form KEY=VALUE, for example load_ohm=30kohm")
        read[key] = value
    return decode(read, ReadOptions, "--read", text_numbers=True)


def _design(arguments: argparse.Namespace, scenario: Scenario) -> DesignChoice:
    """Designs of a scenario file hold for its network and platform; whoever changes those, or asks for it, explores."""
    from simint.network.catalogue import load_network
    from simint.tiling.designs_file import read_designs

    replace = msgspec.structs.replace
    design = scenario.design
    if arguments.design == "best" or arguments.network or arguments.platform or arguments.objective:
        design = replace(design, layers=(), objective=arguments.objective)
    if arguments.design not in (None, "best"):
        if arguments.objective:
            raise InputError("--objective says what --design best means; it does not go with a file of designs")
        network = load_network(scenario.network) if isinstance(scenario.network, str) else scenario.network
        design = replace(design, layers=read_designs(Path(arguments.design), network), objective=None)
    return design


def _presets(kind: type[Platform] | type[Supply]) -> str:
    return f"{', '.join(preset_names(kind))}, or a TOML file"


def _quantity(text: str | None, dimension: str, option: str) -> float | None:
    return None if text is None else parse_quantity(text, dimension, option)


def _given(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value is not None}
