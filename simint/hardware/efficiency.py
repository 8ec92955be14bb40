"""Efficiency of a converter as a table of bins, as measured on its board."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from simint.config import Ampere, Ratio, Volt
from simint.errors import InputError


class EfficiencyTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Efficiency by voltage (rows) and current (columns).

    A row or column holds from its own voltage or current up to the next; the first holds below too, the last above.
    Which voltage and which current is the owner's business: input of a boost charger; capacitor voltage and output
    current of a buck regulator.
    """

    voltage: tuple[Volt, ...]
    current: tuple[Ampere, ...]
    efficiency: tuple[tuple[Ratio, ...], ...]
    name: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        for field in ("voltage", "current"):
            edges = getattr(self, field)
            if not edges or edges[0] < 0 or any(b <= a for a, b in pairwise(edges)) or not math.isfinite(edges[-1]):
                raise InputError(f"`{field}` must rise strictly from 0 or above")
        if len(self.efficiency) != len(self.voltage):
            raise InputError(
                f"`efficiency` has {len(self.efficiency)} rows for {len(self.voltage)} values of `voltage`"
            )
        for k, row in enumerate(self.efficiency):
            if len(row) != len(self.current):
                raise InputError(f"`efficiency[{k}]` has {len(row)} values for {len(self.current)} values of `current`")
            if not all(0 <= value <= 1 for value in row):
                raise InputError(f"`efficiency[{k}]` must lie in [0, 1]")


def efficiency_at(table: EfficiencyTable, voltage: ArrayLike, current: ArrayLike) -> NDArray[np.floating[Any]]:
    """Efficiency at operating points; `voltage` (V) and `current` (A) broadcast against each other."""
    values = np.array(table.efficiency)
    row = np.searchsorted(table.voltage, voltage, side="right") - 1
    column = np.searchsorted(table.current, current, side="right") - 1
    return np.asarray(values[np.maximum(row, 0), np.maximum(column, 0)])
