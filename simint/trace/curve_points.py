"""Piecewise linear current-voltage curves as bare arrays: their rules, their maximum power point, single currents.

Everywhere `voltage` is (n, m) volt or one grid (m,) for all, `current` is (n, m) ampere. Temporaries are as large as
the curves: callers pass long traces in pieces.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simint.errors import InputError

FloatArray = NDArray[np.floating[Any]]

# Checks walk long traces in pieces of this many values, so their temporaries stay near 8 MB.
CHUNK = 1 << 20


def check_curves(voltage: FloatArray, current: FloatArray) -> None:
    """Voltages rise strictly from 0, currents never rise and end at 0; InputError names the row and the point."""
    rows = max(1, CHUNK // current.shape[1])
    grids = voltage.reshape(-1, current.shape[1])
    for first in range(0, grids.shape[0], rows):
        grid = grids[first : first + rows]
        _refuse(grid[:, :1] != 0, first, 0, "voltage_v", "each curve must start at 0 V")
        _refuse(np.diff(grid, axis=1) <= 0, first, 1, "voltage_v", "voltages must rise strictly along a curve")
    for first in range(0, current.shape[0], rows):
        piece = current[first : first + rows]
        _refuse(np.diff(piece, axis=1) > 0, first, 1, "current_a", "the current must not rise with the voltage")
        end = "each curve must end at 0 A (the open-circuit voltage)"
        _refuse(piece[:, -1:] != 0, first, piece.shape[1] - 1, "current_a", end)


def maximum_power_points(voltage: FloatArray, current: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Voltage and current (n,) where V * I(V) is highest, exact for the linear pieces.

    On a piece I = I0 - g (V - V0) the product has its vertex at V = (I0 + g V0) / (2 g), or at the piece's end before
    it. Of equal products the one at the lowest voltage is taken, so a dark curve rests at 0 V.
    """
    grid = np.broadcast_to(voltage, current.shape).astype(np.float64)
    values = current.astype(np.float64)
    left, right, top = grid[:, :-1], grid[:, 1:], values[:, :-1]
    slope = (top - values[:, 1:]) / (right - left)
    # A flat piece has no vertex: its product rises up to the right end.
    flat = slope <= 0
    vertex = np.where(flat, right, (top + slope * left) / np.where(flat, 1.0, 2.0 * slope))
    point = np.clip(vertex, left, right)
    flow = top - slope * (point - left)
    best = (point * flow).argmax(axis=1)[:, None]
    peak_voltage = np.take_along_axis(point, best, axis=1)[:, 0]
    peak_current = np.take_along_axis(flow, best, axis=1)[:, 0]
    dark = values[:, 0] <= 0
    peak_voltage[dark] = 0.0
    return peak_voltage, peak_current


def currents_at(voltage: FloatArray, current: FloatArray, row: NDArray[np.intp], at_v: FloatArray) -> FloatArray:
    """Current (k,) at the voltages `at_v` (k,) of the curves `row` (k,): linear between points, 0 beyond the last."""
    count = current.shape[1]
    grid = voltage.reshape(-1, count)
    grid_row = row if grid.shape[0] > 1 else np.zeros_like(row)
    # The last point at or below the voltage, by bisection on all at once.
    low, high = np.zeros_like(row), np.full_like(row, count - 1)
    for _ in range((count - 1).bit_length()):
        middle = (low + high) // 2
        above = grid[grid_row, middle] <= at_v
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    left = grid[grid_row, low].astype(np.float64)
    share = np.minimum((at_v - left) / (grid[grid_row, high] - left), 1.0)
    top = current[row, low].astype(np.float64)
    return np.asarray(top + share * (current[row, high] - top))


def open_circuit_voltages(voltage: FloatArray, current: FloatArray) -> FloatArray:
    """Lowest voltage (n,) at which each curve's current is 0: that of its first point without current."""
    first = (current > 0).sum(axis=1)
    grid = np.broadcast_to(voltage, current.shape)
    return np.asarray(np.take_along_axis(grid, first[:, None], axis=1)[:, 0], dtype=np.float64)


def _refuse(bad: NDArray[np.bool_], first_row: int, first_point: int, name: str, rule: str) -> None:
    """Name the first bad point; `bad` covers the rows from `first_row` and the points from `first_point` on."""
    if bad.any():
        row, point = np.unravel_index(int(np.argmax(bad)), bad.shape)
        raise InputError(f"{name}[{first_row + int(row)}, {first_point + int(point)}]: {rule}")
