"""Constant sources that stand for a whole trace: the best it ever offers, and nothing at all."""

from __future__ import annotations

import numpy as np

from simint.physics.harvest_tree import build_harvest_tree
from simint.physics.source import CONVERTED, CURVE, HOLD, THEVENIN, Array, CompiledSource

# Points of the envelope of IV curves: enough that the bound is within a few percent of the best curve.
_ENVELOPE = 128


def best_case(source: CompiledSource) -> CompiledSource:
    """A constant source that delivers at least as much as `source` does, at every voltage and time.

    Exact for converted power and for Thevenin sources of one resistance; an upper envelope otherwise.
    """
    values, resistance = np.array([source.peak]), source.resistance
    knee_v, knee_i = source.knee_v, source.knee_i
    if source.link == THEVENIN and resistance.size > 1:
        ohm = float(resistance.max())
        current = float((source.values / resistance).max())
        values, resistance = np.array([current * ohm]), np.array([ohm])
    if source.link == CURVE:
        grid = np.linspace(0.0, float(knee_v[:, -1].max()), _ENVELOPE)
        envelope = np.zeros(_ENVELOPE)
        for row in range(knee_i.shape[0]):
            volts = knee_v[row if knee_v.shape[0] > 1 else 0]
            np.maximum(envelope, np.interp(grid, volts, knee_i[row], right=0.0), out=envelope)
        # Currents never rise with voltage, so the value at the left end of a cell bounds the cell.
        knee_v = grid[None, :]
        knee_i = np.concatenate((envelope[:1], envelope[:-1]))[None, :]
    return _constant(source, values, resistance, knee_v, knee_i)


def no_source(source: CompiledSource) -> CompiledSource:
    """A source that offers nothing: the device lives on what is stored."""
    best = best_case(source)
    return best._replace(values=np.zeros(1), knee_i=best.knee_i * 0.0, cold=best.cold * 0.0, peak=0.0)


def _constant(source: CompiledSource, values: Array, resistance: Array, knee_v: Array, knee_i: Array) -> CompiledSource:
    """`source` with one segment that lasts for ever."""
    none = np.zeros(0)
    return source._replace(
        segments=1,
        values=values,
        harvest=none,
        available=none,
        # Column by column: numpy takes fifty times as long over the short axis of all rows at once.
        cold=np.array([[column.max() for column in source.cold.T]]) if source.cold.size else source.cold,
        resistance=resistance,
        knee_v=knee_v,
        knee_i=knee_i,
        step_s=1.0,
        edges_s=none,
        peak=float(values[0]),
        duration_s=1.0,
        end=HOLD,
        tree=build_harvest_tree(none if source.link != CONVERTED else values, 1.0, none),
    )
