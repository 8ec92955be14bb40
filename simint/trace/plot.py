"""A picture of a trace: power over time with its mean, and the share of time above each power."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from simint.errors import InputError
from simint.files import replacing
from simint.trace.envelope import Envelope, envelope, share_above
from simint.trace.power_trace import PowerTrace
from simint.trace.statistics import TraceStatistics, power_pieces
from simint.units import format_duration, format_quantity

# More segments than this are drawn as the envelope of so many bins: about two a pixel of the figure.
_DRAWN_SEGMENTS = 3000
_BINS = 1200
# Points of the curve of shares of time, between 0 and the peak.
_LEVELS = 2000
_BLUE, _LIGHT, _RED, _GREY = "#1f4e79", "#9dbbd8", "#c0392b", "#555555"
_TIME_UNITS = (("d", 86400.0, 4 * 86400.0), ("h", 3600.0, 2 * 3600.0), ("min", 60.0, 180.0), ("s", 1.0, 0.0))
_POWER_UNITS = (("W", 1.0), ("mW", 1e-3), ("µW", 1e-6), ("nW", 1e-9))


def draw_trace(trace: PowerTrace, numbers: TraceStatistics, path: Path) -> None:
    """Write a picture of one pass of `trace` to `path`; the file's ending chooses the format (png, pdf, svg).

    Raises InputError for an ending that cannot be drawn or a place that cannot be written; nothing is left behind.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 3.4), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    endings = sorted(canvas.get_supported_filetypes())
    if path.suffix.removeprefix(".") not in endings:
        raise InputError(f"plot {path}: unknown kind of picture, the name must end in one of {', '.join(endings)}")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(4.2, 1))
    unit, scale = _power_unit(numbers.peak_w)
    _draw_time(left, trace, numbers, scale)
    left.set_ylabel(f"Maximum power ({unit})")
    _draw_shares(right, trace, numbers, scale)
    figure.suptitle(_title(trace, numbers), fontsize=10, x=0.01, ha="left")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#e3e3e3", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=9)
    _save(figure, path)


def _title(trace: PowerTrace, numbers: TraceStatistics) -> str:
    sampling = "exact edges" if numbers.step_s is None else f"sampled every {format_duration(numbers.step_s)}"
    if numbers.segments == 1:
        sampling = "constant"
    return f"{trace.name}  ({trace.kind.value}, {format_duration(numbers.duration_s)}, {sampling})"


def _draw_time(axes: Any, trace: PowerTrace, numbers: TraceStatistics, scale: float) -> None:
    unit, second = next((name, size) for name, size, least in _TIME_UNITS if trace.duration_s >= least)
    if trace.segments > _DRAWN_SEGMENTS:
        _draw_envelope(axes, envelope(trace, _BINS), second, scale)
    else:
        power = np.concatenate([piece for _, piece in power_pieces(trace)])
        axes.stairs(power / scale, trace.edge_times() / second, baseline=None, color=_BLUE, linewidth=0.9)
        axes.stairs(power / scale, trace.edge_times() / second, fill=True, color=_LIGHT, alpha=0.45)
    axes.axhline(numbers.mean_w / scale, color=_RED, linewidth=1.1, linestyle="--")
    axes.set_xlabel(f"Time ({unit})", fontsize=9)
    axes.set_xlim(0, trace.duration_s / second)
    if unit == "h" and trace.duration_s <= 2 * 86400:
        axes.set_xticks(np.arange(0, trace.duration_s / second + 1e-9, _hour_step(trace.duration_s)))
    axes.set_ylim(0, 1.06 * numbers.peak_w / scale if numbers.peak_w else 1.0)


def _hour_step(duration_s: float) -> int:
    return next(step for step in (1, 2, 3, 6, 12) if duration_s / 3600 / step <= 9)


def _draw_envelope(axes: Any, shape: Envelope, second: float, scale: float) -> None:
    edges = shape.edges_s / second
    axes.stairs(
        shape.high_w / scale,
        edges,
        baseline=shape.low_w / scale,
        fill=True,
        color=_LIGHT,
        label="lowest to highest",
    )
    axes.stairs(shape.mean_w / scale, edges, baseline=None, color=_BLUE, linewidth=0.9, label="mean of the interval")
    axes.legend(fontsize=8, frameon=False, loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=2, borderpad=0)


def _draw_shares(axes: Any, trace: PowerTrace, numbers: TraceStatistics, scale: float) -> None:
    """Share of time above each power: a duration curve, turned so that both panels share the power axis."""
    peak = numbers.peak_w or 1.0
    shares = share_above(trace, _LEVELS, peak)
    axes.plot(100 * shares, np.linspace(0.0, peak / scale, _LEVELS + 1), color=_BLUE, linewidth=1.1)
    axes.axhline(numbers.mean_w / scale, color=_RED, linewidth=1.1, linestyle="--")
    axes.annotate(
        f"mean {format_quantity(numbers.mean_w, 'W', 3).replace(' u', ' µ')}",
        (100, numbers.mean_w / scale),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        fontsize=8,
        color=_RED,
    )
    axes.set_xlim(0, 100)
    axes.set_xticks((0, 50, 100))
    axes.set_xlabel("Time above (%)", fontsize=9)


def _power_unit(peak_w: float) -> tuple[str, float]:
    return next(((name, size) for name, size in _POWER_UNITS if peak_w >= size), ("mW", 1e-3))


def _save(figure: Any, path: Path) -> None:
    with replacing(path) as draft:
        figure.savefig(draft, dpi=200)
