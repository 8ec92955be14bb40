"""SI quantities as people write them: `5mF`, `2.8kohm`, `10 ms`, `4.5V`, `1h`.

Inside simint every quantity is a float in SI units; this is the one place that turns text into such a
float and back. A bare number is taken as SI. A wrong dimension is refused.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

from simint.errors import InputError

_PREFIX = {"f": -15, "p": -12, "n": -9, "u": -6, "µ": -6, "μ": -6, "m": -3, "": 0, "k": 3, "K": 3, "M": 6, "G": 9}
_UNIT_NAMES = {
    "F": ("F", "farad"),
    "ohm": ("ohm", "Ohm", "ohms", "Ω", "Ω"),
    "V": ("V", "volt"),
    "A": ("A", "ampere"),
    "W": ("W", "watt"),
    "J": ("J", "joule"),
    "s": ("s", "sec", "second", "seconds"),
    "Hz": ("Hz", "hertz"),
    "B": ("B", "byte", "bytes"),
    "m2": ("m2", "m^2", "m²"),
    "W/m2": ("W/m2", "W/m^2", "W/m²"),
}
# Units that are not a prefix times the SI unit: minutes are never "milli-inch", bytes count in 1024 only as KiB.
_WHOLE = {
    "s": {
        "min": "60",
        "h": "3600",
        "hour": "3600",
        "hours": "3600",
        "d": "86400",
        "day": "86400",
        "days": "86400",
    },
    "B": {"KiB": "1024", "MiB": "1048576"},
    "m2": {"cm2": "1e-4", "cm^2": "1e-4", "cm²": "1e-4"},
    "W/m2": {"uW/cm2": "1e-2", "mW/cm2": "10"},
    "": {"%": "0.01"},
}
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf)\s*(\S*)\s*$")


def unit_scale(unit_text: str, dimension: str) -> Decimal | None:
    """The factor from `unit_text` to the SI unit of `dimension`, or None where it is another dimension.

    A Decimal, so that `100uF` becomes the double nearest to 1e-4.
    """
    if unit_text == "":
        return Decimal(1)
    whole = _WHOLE.get(dimension, {})
    if unit_text in whole:
        return Decimal(whole[unit_text])
    for name in _UNIT_NAMES.get(dimension, ()):
        if unit_text.endswith(name):
            prefix = unit_text[: len(unit_text) - len(name)]
            if prefix in _PREFIX:
                return Decimal(1).scaleb(_PREFIX[prefix] * (2 if dimension == "m2" else 1))  # km2 is (km)^2
    return None


def parse_quantity(text: str | float, dimension: str, where: str = "value") -> float:
    """Turn `text` into an SI float.

    `dimension` is an SI unit name ("F", "ohm", "V", "A", "W", "J", "s", "Hz", "B", "m2", "W/m2") or "" for a
    pure number. `where` names the field or option in the error.

    Raises InputError for text that is no number, is not finite (except an explicit `inf`), or has a wrong unit.
    """
    if isinstance(text, bool) or not isinstance(text, (str, int, float)):
        raise InputError(f"{where}: expected a quantity in {dimension or 'plain numbers'}, got {text!r}")
    if not isinstance(text, str):
        value = float(text)
    else:
        match = _NUMBER.match(text)
        if match is None:
            raise InputError(f"{where}: {text!r} is not a quantity; write for example {_example(dimension)}")
        scale = unit_scale(match.group(2), dimension)
        if scale is None:
            raise InputError(
                f"{where}: {text!r} has unit {match.group(2)!r}, expected {dimension or 'no unit'} "
                f"(for example {_example(dimension)})"
            )
        value = float(Decimal(match.group(1)) * scale)
        if math.isinf(value) and "inf" not in match.group(1):
            raise InputError(f"{where}: {text!r} is too large a number")
    if math.isnan(value):
        raise InputError(f"{where}: not a number")
    return value


def parse_percent(text: str, where: str) -> float:
    """A number of percent, such as `30` or `30%`. Raises InputError as `parse_quantity`."""
    value, bare = parse_quantity(text, "", where), text.strip().removesuffix("%")
    return parse_quantity(bare, "", where) if bare != text.strip() else value


def _example(dimension: str) -> str:
    examples = {"F": "5mF", "ohm": "2.8kohm", "V": "3.3V", "s": "10ms or 24h", "W": "1.5mW", "A": "330nA", "B": "2048"}
    return examples.get(dimension, f"1{dimension}")


def format_quantity(value: float, unit: str, digits: int = 4) -> str:
    """Text with an engineering prefix, e.g. `format_quantity(0.00234, "J")` gives `2.34 mJ`."""
    if not math.isfinite(value):
        return "never" if unit == "s" and value > 0 else str(value)
    if value == 0:
        return f"0 {unit}"
    exponent = 3 * math.floor(math.log10(abs(value)) / 3)
    exponent = max(-15, min(9, exponent))
    scaled = float(f"{value / 10.0**exponent:.{digits}g}")
    if abs(scaled) >= 1000 and exponent < 9:
        scaled, exponent = scaled / 1000, exponent + 3
    prefix = {-15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}[exponent]
    return f"{scaled:.{digits}g} {prefix}{unit}"


def format_duration(seconds: float) -> str:
    """Time as a person says it: `820 ms`, `12.3 s`, `4 min 5 s`, `2 h 30 min`, `3 d 4 h`."""
    if not math.isfinite(seconds):
        return "never"
    if abs(seconds) < 60:
        return format_quantity(seconds, "s", 3)
    whole = round(seconds)
    for big, small, big_name, small_name in ((86400, 3600, "d", "h"), (3600, 60, "h", "min"), (60, 1, "min", "s")):
        if whole >= big:
            rest = (whole % big) // small
            return f"{whole // big} {big_name} {rest} {small_name}" if rest else f"{whole // big} {big_name}"
    return f"{whole} s"
