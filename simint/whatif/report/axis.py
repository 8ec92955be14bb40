"""Axes of a study's plots: unit and prefix, logarithmic or not, and ticks that read as plain numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from simint.whatif.report.columns import Column, plain_number

_PREFIXES = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))
# From this length on in the next larger unit.
_TIME_UNITS = ((2 * 86400.0, 86400.0, "d"), (2 * 3600.0, 3600.0, "h"), (600.0, 60.0, "min"), (1.0, 1.0, "s"))
_PLAIN = {"": "", "%": "%", "1/d": "", "B": "B", "mm3": "mm³", "USD": "USD", "Hz": "Hz"}


@dataclass(frozen=True, slots=True)
class Axis:
    """How a column is drawn: values are divided by `unit`, which `unit_text` names."""

    column: Column
    unit: float
    unit_text: str
    logarithmic: bool

    @property
    def label(self) -> str:
        """The title of the axis, with its unit."""
        return f"{self.column.label} ({self.unit_text})" if self.unit_text else self.column.label

    def at(self, values: Any) -> Any:
        """Values in the axis' unit."""
        return np.asarray(values, dtype=float) / self.unit


def axis_of(column: Column, values: Any, logarithmic: bool) -> Axis:
    """The axis for finite `values` of a column."""
    numbers = np.abs(np.asarray(values, dtype=float))
    numbers = numbers[np.isfinite(numbers) & (numbers > 0)]
    if numbers.size == 0:
        return Axis(column, 1.0, _PLAIN.get(column.unit, column.unit), False)
    # On a logarithmic axis the middle should read well, on a linear one the top.
    typical = float(np.sqrt(numbers.min() * numbers.max())) if logarithmic else float(numbers.max())
    if column.name.endswith("_share"):
        unit, text = 0.01, "%"
    elif column.unit in _PLAIN:
        unit, text = 1.0, _PLAIN[column.unit]
    elif column.unit == "s" and typical >= 1.0:
        unit, text = next((size, name) for least, size, name in _TIME_UNITS if typical >= least)
    else:
        unit, prefix = next(((size, name) for size, name in _PREFIXES if typical >= size), _PREFIXES[-1])
        text = prefix + column.unit
    return Axis(column, unit, text, logarithmic)


def spans_decade(values: Any) -> bool:
    """Whether a metric's values ask for a logarithmic axis: positive, and further apart than a factor of ten."""
    numbers = np.asarray(values, dtype=float)
    numbers = numbers[np.isfinite(numbers)]
    return numbers.size > 1 and float(numbers.min()) > 0 and float(numbers.max()) > 10.0 * float(numbers.min())


def set_axis(handle: Any, axis: Axis, low: float, high: float) -> None:
    """Scale, limits (in the axis' unit) and ticks of a matplotlib x or y axis, `axes.xaxis` or `axes.yaxis`."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter

    is_x = handle.axis_name == "x"
    axes = handle.axes
    if axis.logarithmic:
        (axes.set_xscale if is_x else axes.set_yscale)("log")
        handle.set_major_locator(FixedLocator(log_ticks(low, high)))
        handle.set_minor_formatter(NullFormatter())
    else:
        handle.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    handle.set_major_formatter(FuncFormatter(lambda value, _: plain_number(float(value), 4)))
    (axes.set_xlim if is_x else axes.set_ylim)(low, high)


def log_ticks(low: float, high: float) -> list[float]:
    """Round numbers between two positive ones, about four to eight of them."""
    for steps in ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        ticks = [
            step * 10.0**decade
            for decade in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
            for step in steps
            if low <= step * 10.0**decade * (1 + 1e-12) and step * 10.0**decade <= high * (1 + 1e-12)
        ]
        if len(ticks) <= 8:
            break
    if len(ticks) >= 3:
        return ticks[:: math.ceil(len(ticks) / 8)]
    # A range this short reads like a linear one.
    from matplotlib.ticker import MaxNLocator

    even = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [float(tick) for tick in even if low <= tick <= high]


def limits(values: Any, logarithmic: bool, from_zero: bool = False) -> tuple[float, float]:
    """Limits with a margin around finite values; from zero where asked and possible."""
    numbers = np.asarray(values, dtype=float)
    numbers = numbers[np.isfinite(numbers)]
    if numbers.size == 0:
        return 0.0, 1.0
    low, high = float(numbers.min()), float(numbers.max())
    if logarithmic:
        room = (high / low) ** 0.06 if high > low else 1.5
        return low / room, high * room
    if from_zero and low >= 0:
        return 0.0, 1.08 * high or 1.0
    room = 0.06 * (high - low) or 0.5 * abs(high) or 1.0
    return low - room, high + room
