"""load_trace: a catalogue name or a file (with an array selector) to a PowerTrace."""

from __future__ import annotations

import re
from pathlib import Path

from simint.errors import InputError
from simint.trace.power_trace import PowerTrace
from simint.trace.readers.options import NO_OPTIONS, ReadOptions, TraceFormat, refuse_unused

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_ZIP_MAGIC = b"PK"
_CATALOGUE_NAME = re.compile(r"[A-Za-z0-9_-]+")


def load_trace(spec: str, options: ReadOptions = NO_OPTIONS, seed: int | None = None) -> PowerTrace:
    """Load the trace that `spec` names: an entry of the catalogue, or `FILE`, or `FILE#ARRAY` for an npz file.

    A word without dot and slash that the catalogue knows is an entry of it; everything else is a file. The
    format comes from `options.format`, else from looking at the file. What a file leaves unsaid comes from
    the options, else from the format's documented default, and is told in the trace's `provenance`. A `seed` draws
    another catalogue trace of the same model than the catalogue's own.

    Raises InputError, naming the file, for everything that can be wrong with it, for options that have no
    meaning for its format, and for a seed beside a file.
    """
    if _CATALOGUE_NAME.fullmatch(spec):
        from simint.trace.catalogue_entries import catalogue_names, load_catalogue_trace

        if spec in catalogue_names():
            if options != NO_OPTIONS:
                raise InputError(f"trace {spec!r} comes from the catalogue, options for reading a file do not apply")
            return load_catalogue_trace(spec, seed)
        if not Path(spec).is_file():
            raise InputError(
                f"no file and no catalogue trace {spec!r}; the catalogue has {', '.join(catalogue_names())}"
            )
    if seed is not None:
        raise InputError(f"{spec}: a seed draws another catalogue trace, a file has none")
    path, selector = _split(spec)
    try:
        return _read_file(path, selector, options)
    except InputError as error:
        raise InputError(f"{spec}: {error}") from None
    except OSError as error:
        raise InputError(f"{spec}: cannot be read ({error.strerror or error})") from None


def find_format(path: Path, selector: str = "") -> TraceFormat:
    """The format of a file, from its first bytes or its first line; InputError where it is empty."""
    with open(path, "rb") as file:
        start = file.read(len(_HDF5_MAGIC))
    if not start:
        raise InputError("the file is empty")
    if start == _HDF5_MAGIC or path.suffix.lower() in (".h5", ".hdf5"):
        return TraceFormat.SHEPHERD
    if start.startswith(_ZIP_MAGIC) or path.suffix.lower() == ".npz":
        from simint.trace.readers.npz_arrays import npz_format

        return npz_format(path, selector)
    if start.lstrip().startswith(b"{") or path.suffix.lower() == ".json":
        return TraceFormat.CURVES
    return _text_format(path)


def _text_format(path: Path) -> TraceFormat:
    from simint.trace.readers.react import HEADER
    from simint.trace.readers.text_table import first_line, is_numeric_line
    from simint.trace.readers.weather import is_weather_header

    line = first_line(path)
    if line == HEADER:
        return TraceFormat.REACT
    if is_weather_header(line):
        return TraceFormat.WEATHER
    # Mementos files are the only known ones of two bare columns between which stands a tab.
    if is_numeric_line(line) and line.count("\t") == 1:
        return TraceFormat.MEMENTOS
    return TraceFormat.CSV


def _split(spec: str) -> tuple[Path, str]:
    """The file and the array selector; a `#` that belongs to an existing file's name is left there."""
    if "#" in spec and not Path(spec).is_file():
        file, _, selector = spec.rpartition("#")
        return Path(file), selector
    return Path(spec), ""


def _read_file(path: Path, selector: str, options: ReadOptions) -> PowerTrace:
    """Choose the reader; they are imported here so that a command does not load them all to start."""
    if not path.is_file():
        raise InputError("no such file" if not path.exists() else "not a file")
    chosen = options.format or find_format(path, selector)
    refuse_unused(options, chosen)
    name = f"{path.stem}#{selector}" if selector else path.stem
    from_array = chosen is TraceFormat.ARRAY or (chosen is TraceFormat.MEMENTOS and path.suffix.lower() == ".npz")
    if selector and not from_array:
        raise InputError(f"a file of format {chosen.value} holds one trace, `#{selector}` selects nothing in it")
    return (
        _read_array(path, selector, name, chosen, options) if from_array else _read_whole(path, name, chosen, options)
    )


def _read_array(path: Path, selector: str, name: str, chosen: TraceFormat, options: ReadOptions) -> PowerTrace:
    from simint.trace.readers.npz_arrays import read_array, read_mementos_array

    read = read_array if chosen is TraceFormat.ARRAY else read_mementos_array
    return read(path, selector, name, options)


def _read_whole(path: Path, name: str, chosen: TraceFormat, options: ReadOptions) -> PowerTrace:
    from simint.trace.readers import delimited, iv_curves, mementos, npz, npz_arrays, react, shepherd, weather

    read = {
        TraceFormat.CSV: delimited.read_delimited,
        TraceFormat.NPZ: npz.read_npz,
        TraceFormat.MEMENTOS: mementos.read_mementos,
        TraceFormat.REACT: react.read_react,
        TraceFormat.SHEPHERD: shepherd.read_shepherd,
        TraceFormat.WEATHER: weather.read_weather,
        TraceFormat.ADC: npz_arrays.read_adc,
        TraceFormat.CURVES: iv_curves.read_iv_curves,
        TraceFormat.DIODE: npz_arrays.read_diode,
    }[chosen]
    return read(path, name, options)
