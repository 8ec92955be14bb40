"""One parameter that varies: `capacitor=100uF:10mF:log:50`, `v_on=2.6V:4V:8`, `policy=tile,jit`, `trace=rf/*,solar-*`.

A number is a list of values and ranges. A range is `LOW:HIGH:N` (linear), `LOW:HIGH:log:N`, or `LOW:HIGH` and
`LOW:HIGH:log` where values are drawn at random or searched. Parts are names or files, with the wild cards of a shell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simint.errors import InputError
from simint.units import parse_quantity
from simint.whatif.fields import Field, find_field
from simint.whatif.parts import expanded

Value = float | int | str

_LINEAR, _LOGARITHMIC = "lin", "log"


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`, both included, in SI units; `count` is None where nobody said how many."""

    low: float
    high: float
    count: int | None = None
    log: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise InputError(f"a range goes from a number to a larger one, got {self.low:g} to {self.high:g}")
        if self.log and not self.low > 0:
            raise InputError(f"a logarithmic range must start above 0, got {self.low:g}")
        if self.count is not None and self.count < 2:
            raise InputError(f"a range has at least 2 values, got {self.count}")

    def at(self, share: float) -> float:
        """The value a `share` of the way from `low` to `high`, exact at both ends."""
        if share <= 0 or share >= 1:
            return self.low if share <= 0 else self.high
        if self.log:
            return min(max(self.low * math.exp(share * math.log(self.high / self.low)), self.low), self.high)
        return min(self.low + share * (self.high - self.low), self.high)

    def values(self) -> tuple[float, ...]:
        """All `count` values, those between the ends to 12 digits: 2.8, not 2.8000000000000003."""
        assert self.count is not None
        between = (float(f"{self.at(k / (self.count - 1)):.12g}") for k in range(1, self.count - 1))
        return (self.low, *between, self.high)

    def __str__(self) -> str:
        pieces = [repr(self.low), repr(self.high)]
        pieces += [_LOGARITHMIC] if self.log else []
        pieces += [] if self.count is None else [str(self.count)]
        return ":".join(pieces)


@dataclass(frozen=True, slots=True)
class Variation:
    """A parameter and its values, in SI units.

    `values`: the values of a grid, empty for a range that does not say how many. `range`: where the whole of it is one
    range, from which values may be drawn. `kind`: `number`, `count`, or `text`.
    """

    name: str
    values: tuple[Value, ...]
    unit: str = ""
    kind: str = "number"
    range: Range | None = None

    def at(self, share: float) -> Value:
        """The value a `share` (from 0 up to 1) of the way through the range or the list."""
        if self.range is None:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        value = self.range.at(share)
        return round(value) if self.kind == "count" else value

    @property
    def spec(self) -> str | list[Value]:
        """What `make_variation` makes the same variation of."""
        return str(self.range) if self.range is not None else list(self.values)


def parse_variation(text: str, folder: Path = Path()) -> Variation:
    """The variation that `NAME=VALUES` means, files found from `folder`; InputError for anything that it cannot be."""
    name, equals, spec = text.partition("=")
    if not equals or not name.strip() or not spec.strip():
        raise InputError(f"--vary: {text!r} must have the form NAME=VALUES, for example capacitor=100uF:10mF:log:50")
    return make_variation(name.strip(), spec, folder)


def make_variation(
    name: str, spec: str | float | bool | Sequence[str | float | bool], folder: Path = Path()
) -> Variation:
    """A parameter with its values as text (comma-separated) or a list; numbers are SI, text may carry units.

    Raises InputError naming the parameter.
    """
    field, where = find_field(name), f"--vary {name}"
    items = spec.split(",") if isinstance(spec, str) else list(spec) if isinstance(spec, Sequence) else [spec]
    items = [item.strip() if isinstance(item, str) else item for item in items]
    if not items or "" in items:
        raise InputError(f"{where}: a value is missing in {spec!r}")
    try:
        if field.kind == "part" or (field.kind == "capacitor" and not _is_number(items[0])):
            return Variation(field.name, expanded(field.name, [str(item) for item in items], folder), kind="text")
        if field.kind in ("choice", "flag"):
            return Variation(field.name, _distinct([_word(item, field) for item in items]), kind="text")
        return _numbers(field, items, where)
    except InputError as error:
        raise error if str(error).startswith(where) else InputError(f"{where}: {error}") from None


def _numbers(field: Field, items: Sequence[str | float | bool], where: str) -> Variation:
    values: list[float] = []
    only: Range | None = None
    for item in items:
        if isinstance(item, str) and ":" in item:
            span = _range(item, field, where)
            values.extend(span.values() if span.count is not None else ())
            if len(items) == 1:
                only = span
            elif span.count is None:
                raise InputError(f"say how many values {item!r} has, for example {item}:10")
        else:
            values.append(parse_quantity(item, field.unit, where))
    if field.kind != "count":
        return Variation(field.name, _distinct(values), field.unit, "number", only)
    for value in values if only is None else (only.low, only.high):
        if value != round(value):
            raise InputError(f"{field.name!r} is a whole number, got {value:g}")
    # A range of whole numbers has fewer of them than was asked for where it is that short.
    whole = [round(value) for value in values]
    return Variation(field.name, tuple(dict.fromkeys(whole)) if only else _distinct(whole), "", "count", only)


def _range(text: str, field: Field, where: str) -> Range:
    pieces = text.split(":")
    low, high, rest = pieces[0], pieces[1], pieces[2:]
    log = False
    if rest and rest[0] in (_LINEAR, _LOGARITHMIC):
        log, rest = rest[0] == _LOGARITHMIC, rest[1:]
    if len(rest) > 1 or (rest and not rest[0].isdigit()):
        raise InputError(f"{text!r} is no range; write LOW:HIGH:N, LOW:HIGH:log:N, or a list with commas")
    count = int(rest[0]) if rest else None
    return Range(parse_quantity(low, field.unit, where), parse_quantity(high, field.unit, where), count, log)


def _word(item: str | float | bool, field: Field) -> str:
    word = str(item).lower() if isinstance(item, bool) else str(item)
    allowed = ("true", "false") if field.kind == "flag" else field.choices
    if word not in allowed:
        raise InputError(f"{word!r} is none of {', '.join(allowed)}")
    return word


def _is_number(item: str | float | bool) -> bool:
    return not isinstance(item, str) or item[:1].isdigit() or item[:1] in "+-."


def _distinct(values: Sequence[Value]) -> tuple[Value, ...]:
    for k, value in enumerate(values):
        if value in values[:k]:
            raise InputError(f"{value!r} is given twice")
    return tuple(values)
