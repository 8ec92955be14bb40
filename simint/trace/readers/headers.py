"""Column headers: which quantity a column holds and in which unit, from text such as `time_ms` or `power [mW]`."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from simint.errors import InputError
from simint.trace.readers.options import ReadOptions
from simint.units import unit_scale


class Quantity(enum.StrEnum):
    """What a column holds; the value is the SI unit."""

    TIME = "s"
    POWER = "W"
    VOLTAGE = "V"
    CURRENT = "A"
    IRRADIANCE = "W/m2"


# First words of headers. Global horizontal irradiance is what weather stations call GHI or "Global Horiz".
_FIRST_WORDS = {
    Quantity.TIME: ("time", "t", "timestamp", "sec", "seconds"),
    Quantity.POWER: ("power", "p"),
    Quantity.VOLTAGE: ("voltage", "v", "u"),
    Quantity.CURRENT: ("current", "i"),
    Quantity.IRRADIANCE: ("irradiance", "ghi", "global"),
}
_BRACKET = re.compile(r"^(.*?)\s*[\[(]\s*([^\[\]()]*?)\s*[\])]$")
_FLAG = re.compile(r"[_ ](qc|flag|flg)$", re.IGNORECASE)


@dataclass(frozen=True)
class Header:
    """A column's header, its quantity (None where the words say none) and its unit ("" where it names none)."""

    text: str
    quantity: Quantity | None
    unit: str


# A bare quantity and one word behind it.
_PLAIN = re.compile(r"(?:time|power|voltage|current)_([A-Za-z]+)", re.IGNORECASE)


def parse_header(text: str) -> Header:
    """Read a header: a first word that names the quantity, and a unit in brackets or after `_`, `/` or a space.

    What stands in brackets is the unit, right or wrong, and so is the one word behind `power_`: `scale_of` refuses a
    wrong one where the column is used.
    """
    stripped = text.strip()
    first_word = re.split(r"[^A-Za-z]", stripped, maxsplit=1)[0]
    quantity = next((q for q, words in _FIRST_WORDS.items() if first_word.lower() in words), None)
    # A capital T is a temperature; `ghi_qc` is a quality flag.
    if quantity is None or first_word == "T" or _FLAG.search(stripped):
        return Header(stripped, None, "")
    bracket = _BRACKET.match(stripped)
    if bracket is not None:
        return Header(stripped, quantity, bracket.group(2))
    tails = (stripped[mark.end() :] for mark in re.finditer(r"[_/\s]", stripped))
    unit = next((tail for tail in tails if tail and unit_scale(tail, quantity) is not None), "")
    plain = _PLAIN.fullmatch(stripped)
    if not unit and plain is not None:
        unit = _as_in_code(plain.group(1), quantity) if stripped.islower() else plain.group(1)
    return Header(stripped, quantity, unit)


def _as_in_code(word: str, quantity: Quantity) -> str:
    """The unit that a name in lower case means, `mW` in `power_mw`; the word as it is where that is no unit."""
    unit = word[:-1] + word[-1].upper()
    return word if unit_scale(unit, quantity) is None else unit


def scale_of(header: Header, quantity: Quantity, options: ReadOptions) -> float:
    """Factor from a column's numbers to SI: the header's unit, else the option's, else 1 (a bare number is SI).

    Raises InputError for a header with an unknown unit, and where header and option name different ones.
    """
    given = _unit_options(options)[quantity]
    scale = unit_scale(header.unit or given, quantity)
    if scale is None:
        raise InputError(
            f"column {header.text!r}: unknown unit {header.unit!r}, a unit of {quantity.value} is expected"
        )
    if header.unit and given and scale != unit_scale(given, quantity):
        raise InputError(f"column {header.text!r} names its unit, `{quantity.name.lower()}_unit` says {given!r}")
    return float(scale)


def quantity_by_unit(options: ReadOptions) -> Quantity | None:
    """The quantity other than time whose unit option is set, None where it is not exactly one."""
    named = [quantity for quantity, unit in _unit_options(options).items() if unit and quantity is not Quantity.TIME]
    return named[0] if len(named) == 1 else None


def _unit_options(options: ReadOptions) -> dict[Quantity, str]:
    return {
        Quantity.TIME: options.time_unit,
        Quantity.POWER: options.power_unit,
        Quantity.VOLTAGE: options.voltage_unit,
        Quantity.CURRENT: options.current_unit,
        Quantity.IRRADIANCE: options.irradiance_unit,
    }
