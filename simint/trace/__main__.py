"""The command `simint trace`: list, show, convert and synthesise power traces."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from simint.cli import Parser, guarded
from simint.config import decode
from simint.errors import InputError
from simint.trace.power_trace import PowerSource, PowerTrace, max_power_w
from simint.trace.readers.options import ReadOptions, TraceFormat
from simint.trace.source import SourceKind
from simint.trace.synthesis.generators import GENERATORS, find_generator, synthesize
from simint.units import format_quantity, parse_quantity

# Options that say how to read a file: flag, field of ReadOptions, dimension (None for words), help.
_READING: tuple[tuple[str, str, str | None, str], ...] = (
    ("--column", "column", None, "header of the column to take"),
    ("--time-unit", "time_unit", None, "unit of a time column without one, e.g. ms"),
    ("--power-unit", "power_unit", None, "unit of a power column without one, e.g. mW"),
    ("--voltage-unit", "voltage_unit", None, "unit of a voltage column without one"),
    ("--current-unit", "current_unit", None, "unit of a current column without one"),
    ("--irradiance-unit", "irradiance_unit", None, "unit of an irradiance column without one"),
    ("--step", "step_s", "s", "sampling interval instead of a column of times"),
    ("--load", "load_ohm", "ohm", "resistor across which a voltage was recorded"),
    ("--source-resistance", "source_ohm", "ohm", "resistance of the harvester behind a recorded voltage"),
    ("--compliance", "compliance_v", "V", "voltage up to which a recorded current flows"),
    ("--cell-area", "cell_area_m2", "m2", "area of the solar cell under an irradiance, e.g. 4cm2"),
    ("--efficiency", "cell_efficiency", "", "efficiency of that cell, e.g. 0.2 or 20%%"),
    ("--cell", "cell", None, "solar cell under an irradiance: a preset or a TOML file; gives curves"),
    ("--cell-temperature", "cell_temperature_c", "", "temperature of that cell in degree Celsius (25)"),
    ("--temperature-column", "temperature_column", None, "column of such temperatures"),
    ("--fill-factor", "fill_factor", "", "maximum power over Isc * Voc"),
    ("--curve-points", "curve_points", "", "points kept per current-voltage curve"),
)


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns 0, or 2 after one line about what is wrong."""
    return guarded(lambda: _run(_parser().parse_args(argv)))


def _run(arguments: argparse.Namespace) -> int:
    return int(arguments.run(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="simint trace", description="List, show, convert and synthesise power traces.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="list | show | convert | synth")

    listing = verbs.add_parser("list", help="the traces of the catalogue")
    listing.add_argument("--json", action="store_true", help="print JSON instead of a table")
    listing.set_defaults(run=_list)

    show = verbs.add_parser("show", help="statistics of a trace, and a plot")
    show.add_argument("trace", help="name in the catalogue, or file (FILE#ARRAY selects inside an npz)")
    show.add_argument("--threshold", metavar="P", help="power that ends an outage (default: a tenth of the mean)")
    show.add_argument("--plot", metavar="FILE", type=Path, help="where the plot goes (default: NAME.png here)")
    show.add_argument("--no-plot", action="store_true", help="draw nothing")
    show.add_argument("--json", action="store_true", help="print JSON instead of a table")
    _add_reading(show)
    _add_editing(show)
    show.set_defaults(run=_show)

    convert = verbs.add_parser("convert", help="write a trace as NPZ or CSV")
    convert.add_argument("trace", help="name in the catalogue, or file")
    convert.add_argument("out", type=Path, help="file to write, .npz or .csv")
    _add_reading(convert)
    _add_editing(convert)
    convert.set_defaults(run=_convert)

    synth = verbs.add_parser(
        "synth",
        help="make a trace from a model",
        description="Make a trace from a model and a seed.",
        epilog=_generator_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    synth.add_argument("generator", help="one of those below")
    synth.add_argument("out", type=Path, help="file to write, .npz or .csv")
    synth.add_argument("--param", metavar="K=V", action="append", default=[], help="a parameter; repeat for more")
    synth.add_argument("--seed", type=int, default=0, help="seed of the random numbers (default: 0)")
    synth.add_argument("--duration", metavar="TIME", required=True, help="length of the trace, e.g. 10min")
    synth.add_argument("--sampling", metavar="TIME", help="sampling interval, e.g. 10ms (sampled generators)")
    synth.set_defaults(run=_synth)
    return parser


def _add_reading(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how to read a file")
    group.add_argument("--format", choices=[f.value for f in TraceFormat], help="layout (default: found by looking)")
    group.add_argument("--as", dest="as_source", choices=[k.value for k in SourceKind], help="what the values become")
    for flag, field, dimension, text in _READING:
        group.add_argument(flag, dest=field, metavar=(dimension or "X").upper(), help=text)


def _add_editing(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which part, and how strong")
    group.add_argument("--start", metavar="TIME", help="drop what comes before")
    group.add_argument("--stop", metavar="TIME", help="drop what comes after")
    group.add_argument("--scale", metavar="K", help="multiply the maximum power")
    group.add_argument("--power", action="store_true", help="reduce a source of another kind to its maximum power")


def _generator_help() -> str:
    lines = ["generators and their parameters (defaults and sources: the docstrings in simint/trace/synthesis):"]
    for generator in GENERATORS:
        sampled = "needs --sampling" if generator.sampled else "exact edges"
        lines.append(f"\n  {generator.name}: {generator.summary} ({sampled})")
        lines.extend(
            f"    {field.name} = {_default_text(field.default, _unit_of(field.type))}"
            for field in msgspec.structs.fields(generator.parameters)
        )
    return "\n".join(lines)


def _unit_of(field_type: Any) -> str:
    info = msgspec.inspect.type_info(field_type)
    return (info.extra or {}).get("unit", "") if isinstance(info, msgspec.inspect.Metadata) else ""


def _default_text(value: Any, unit: str) -> str:
    if isinstance(value, str):
        return value
    # Seconds and areas read badly with engineering prefixes.
    if unit in ("", "s", "m2"):
        return f"{value:.4g}{unit}"
    return format_quantity(value, unit).replace(" ", "")


def _read(arguments: argparse.Namespace) -> PowerTrace:
    """The trace the arguments name, read, cropped, scaled and reduced as they say."""
    from simint.trace.load import load_trace

    data: dict[str, Any] = {"format": arguments.format, "as_source": arguments.as_source}
    for flag, field, dimension, _ in _READING:
        text = getattr(arguments, field)
        data[field] = text if text is None or dimension is None else parse_quantity(text, dimension, flag)
    if data["curve_points"] is not None:
        data["curve_points"] = _whole(data["curve_points"], "--curve-points")
    given = {key: value for key, value in data.items() if value is not None}
    return _edit(load_trace(arguments.trace, decode(given, ReadOptions, "reading options")), arguments)


def _whole(value: float, flag: str) -> int:
    if value != int(value):
        raise InputError(f"{flag}: a whole number expected, got {value:g}")
    return int(value)


def _edit(trace: PowerTrace, arguments: argparse.Namespace) -> PowerTrace:
    done = []
    if arguments.start is not None or arguments.stop is not None:
        start = 0.0 if arguments.start is None else parse_quantity(arguments.start, "s", "--start")
        stop = None if arguments.stop is None else parse_quantity(arguments.stop, "s", "--stop")
        trace = trace.crop(start, stop)
        done.append(f"from {start:g} s to {start + trace.duration_s:g} s")
    if arguments.scale is not None:
        scale = parse_quantity(arguments.scale, "", "--scale")
        trace = trace.scaled(scale)
        done.append(f"power times {scale:g}")
    if arguments.power and trace.kind is not SourceKind.POWER:
        trace = dataclasses.replace(trace, source=PowerSource(max_power_w(trace.source)))
        done.append("reduced to maximum power")
    return dataclasses.replace(trace, provenance="; ".join(part for part in (trace.provenance, *done) if part))


def _list(arguments: argparse.Namespace) -> int:
    from simint.trace.catalogue_entries import catalogue_names, load_entry
    from simint.trace.command_tables import catalogue_json, print_catalogue

    entries = [load_entry(name) for name in catalogue_names()]
    if arguments.json:
        print(catalogue_json(entries).decode())
    else:
        print_catalogue(entries)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from simint.trace.command_tables import print_statistics, statistics_json
    from simint.trace.statistics import trace_statistics

    if arguments.no_plot and arguments.plot is not None:
        raise InputError("--plot and --no-plot exclude each other")
    threshold = None if arguments.threshold is None else parse_quantity(arguments.threshold, "W", "--threshold")
    trace = _read(arguments)
    numbers = trace_statistics(trace, threshold)
    picture = None if arguments.no_plot else arguments.plot or Path(f"{trace.name.replace('/', '-')}.png")
    if picture is not None:
        from simint.trace.plot import draw_trace

        draw_trace(trace, numbers, picture)
    if arguments.json:
        print(statistics_json(trace, numbers).decode())
        return 0
    print_statistics(trace, numbers)
    if picture is not None:
        print(f"plot: {picture}")
    return 0


def _convert(arguments: argparse.Namespace) -> int:
    _check_ending(arguments.out)
    _write(_read(arguments), arguments.out)
    return 0


def _synth(arguments: argparse.Namespace) -> int:
    _check_ending(arguments.out)
    find_generator(arguments.generator)
    trace = synthesize(
        arguments.generator,
        _parameters(arguments.param),
        duration_s=parse_quantity(arguments.duration, "s", "--duration"),
        step_s=None if arguments.sampling is None else parse_quantity(arguments.sampling, "s", "--sampling"),
        seed=arguments.seed,
    )
    _write(dataclasses.replace(trace, name=arguments.out.stem), arguments.out)
    return 0


def _parameters(texts: Sequence[str]) -> dict[str, int | float | str]:
    """`key=value` texts; a value that is a bare number becomes one, others stay text with a unit."""
    values: dict[str, int | float | str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals and value):
            raise InputError(f"--param: {text!r} is not of the form name=value")
        if key in values:
            raise InputError(f"--param: {key!r} is given twice")
        values[key] = _number(value)
    return values


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _check_ending(path: Path) -> None:
    """Before any work is done."""
    if path.suffix not in (".npz", ".csv"):
        raise InputError(f"{path}: the file to write must end in .npz or .csv")


def _write(trace: PowerTrace, path: Path) -> None:
    from simint.trace.csv_file import write_csv
    from simint.trace.readers.npz import write_npz

    (write_csv if path.suffix == ".csv" else write_npz)(trace, path)
    print(f"{path}: {trace.segments} segments, {trace.duration_s:g} s")


if __name__ == "__main__":
    raise SystemExit(main())
