"""Axes with plain numbers: what matplotlib would write as an offset or a power of ten stands in full."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.ticker import Formatter


def plain_numbers() -> Formatter:
    """Up to ten digits, thousands by commas."""
    from matplotlib.ticker import StrMethodFormatter

    return StrMethodFormatter("{x:,.10g}")


def spread_out(values: Sequence[float], ratio: float) -> bool:
    """Whether the largest is more than so many times the smallest, and all are positive."""
    known = [value for value in values if math.isfinite(value)]
    return bool(known) and min(known) > 0 and max(known) > ratio * min(known)


def write_plainly(axis: Axis, logarithmic: bool) -> None:
    """Plain numbers, on a logarithmic axis at 1, 2, 5, 10 .. alone; the scale itself is the caller's."""
    from matplotlib.ticker import LogLocator, NullFormatter

    if logarithmic:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(plain_numbers())
