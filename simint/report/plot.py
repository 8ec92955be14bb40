"""The picture of a run: harvested power, capacitor voltage with on and off periods, progress."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simint.engine.run import Run
from simint.hardware.supply import Supply
from simint.report.recorder import OPENING_CYCLES, Curve, FloatArray, VoltageRecorder
from simint.report.stretches import mean_power, powered_share, progress_at, voltage_band
from simint.units import format_duration, format_quantity

if TYPE_CHECKING:
    from simint.report.schema import Summary

# More power cycles than this in a window run together at the width of a figure: they are drawn as a band.
_DISTINCT_CYCLES = 60
# A close-up is shown where the first power cycles take less than this share of the run.
_CLOSE_UP = 0.2
_BINS = 300
_BLUE, _LIGHT, _RED, _GREEN, _ON, _GREY = "#1f4e79", "#9dbbd8", "#c0392b", "#2e7d32", "#f6e3b4", "#555555"
_PALE, _OFF, _ALWAYS_ON = "#cfdeec", "#faf6ea", "#d9981e"
_TIME_UNITS = (("d", 86400.0, 4 * 86400.0), ("h", 3600.0, 2 * 3600.0), ("min", 60.0, 180.0), ("s", 1.0, 0.5))
_POWER_UNITS = (("W", 1.0), ("mW", 1e-3), ("µW", 1e-6), ("nW", 1e-9))


@dataclass(frozen=True, slots=True)
class View:
    """A stretch of the run on paper: the curve to draw, from when to when, and the time that is 0 on its axis (s)."""

    curve: Curve
    start_s: float
    stop_s: float
    zero_s: float

    @property
    def length_s(self) -> float:
        """How much time it shows."""
        return self.stop_s - self.start_s

    def edges(self, bins: int) -> FloatArray:
        """(bins + 1,) borders of equal stretches of time, s."""
        return np.linspace(self.start_s, self.stop_s, bins + 1)

    def at(self, time_s: FloatArray | float) -> Any:
        """Places on the time axis, in its unit."""
        return (time_s - self.zero_s) / time_unit(self.length_s)[1]


def run_title(summary: Summary) -> str:
    """What was run and how it ended, in two lines."""
    inputs, done, cycles = summary.inputs, summary.inferences.completed, summary.power_cycles.count
    capacitor = format_quantity(inputs.capacitance_f, "F").replace(" u", " µ")
    return (
        f"{inputs.network} on trace {inputs.trace}, {capacitor}, policy {inputs.policy}\n"
        f"{summary.verdict}: {done:,} {'inference' if done == 1 else 'inferences'} and "
        f"{cycles:,} {'power cycle' if cycles == 1 else 'power cycles'} in {format_duration(summary.duration_s)}"
    )


def plot_run(path: Path, recorder: VoltageRecorder, run: Run, supply: Supply, title: str) -> None:
    """Draw the run to `path` as PNG; a long run gets a close-up of its first power cycles beside it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    whole, opening = View(recorder.whole(), 0.0, run.duration_s, 0.0), close_up(recorder, run)
    figure = Figure(figsize=(9.0, 5.4), layout="constrained")
    FigureCanvasAgg(figure)
    widths = (1.0,) if opening is None else (2.2, 1.0)
    panels = figure.subplots(
        3, len(widths), sharex="col", squeeze=False, height_ratios=(1.0, 2.0, 1.0), width_ratios=widths
    )
    unit, scale = _power_unit(whole)
    _draw_column(panels[:, 0], whole, run, supply, scale)
    if opening is not None:
        _draw_column(panels[:, 1], opening, run, supply, scale)
        panels[1, 1].set_ylim(panels[1, 0].get_ylim())
        panels[0, 1].set_title(f"the first {OPENING_CYCLES} power cycles", fontsize=9, color=_GREY)
        panels[2, 1].set_xlabel(f"Time from first turn-on ({time_unit(opening.length_s)[0]})", fontsize=9)
    panels[2, 0].set_xlabel(f"Time ({time_unit(whole.length_s)[0]})", fontsize=9)
    for axes, label in zip(panels[:, 0], (f"Harvest\n({unit})", "Capacitor (V)", "Inferences\ncommitted"), strict=True):
        axes.set_ylabel(label, fontsize=9)
    figure.align_ylabels(panels[:, 0])
    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    _add_legend(figure, len(run.power_cycles) <= _DISTINCT_CYCLES)
    figure.savefig(path, dpi=200, format="png")


def _add_legend(figure: Any, distinct: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [Patch(color=_ON, label="device on")]
    if not distinct:
        handles += [Patch(color=_LIGHT, label="voltage range"), Line2D([], [], color=_BLUE, label="mean voltage")]
    figure.legend(handles=handles, loc="upper right", ncols=len(handles), fontsize=8, frameon=False)


def close_up(recorder: VoltageRecorder, run: Run) -> View | None:
    """The first power cycles up to the next turn-on, where they would be too narrow to see in the whole run."""
    if len(run.power_cycles) <= OPENING_CYCLES:
        return None
    first_s, following_s = run.power_cycles[0].on_s, run.power_cycles[OPENING_CYCLES].on_s
    length_s = following_s - first_s
    if length_s > _CLOSE_UP * run.duration_s:
        return None
    return View(recorder.opening(), max(first_s - 0.04 * length_s, 0.0), following_s, first_s)


def _draw_column(panels: Any, view: View, run: Run, supply: Supply, watt: float) -> None:
    """One stretch of the run: power, voltage and progress below each other."""
    from matplotlib.ticker import MultipleLocator

    power, voltage, progress = panels
    visible = [c for c in run.power_cycles if c.off_s > view.start_s and c.on_s < view.stop_s]
    distinct = len(visible) <= _DISTINCT_CYCLES
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
        axes.set_xlim(view.at(view.start_s), view.at(view.stop_s))
        if time_unit(view.length_s)[0] == "h":
            axes.xaxis.set_major_locator(MultipleLocator(_hours_between_ticks(view.length_s)))
        if distinct:
            for cycle in visible:
                axes.axvspan(view.at(cycle.on_s), view.at(cycle.off_s), color=_ON, linewidth=0, zorder=0)
    _draw_power(power, view, watt)
    _draw_voltage(voltage, view, supply, distinct)
    if not distinct:
        _draw_powered(voltage, view, run)
    _draw_progress(progress, view, run)


def _draw_power(axes: Any, view: View, watt: float) -> None:
    edges = view.edges(_BINS)
    power = mean_power(view.curve, edges) / watt
    axes.stairs(power, view.at(edges), fill=True, color=_PALE, zorder=1)
    axes.stairs(power, view.at(edges), baseline=None, color=_BLUE, linewidth=0.8)
    axes.set_ylim(0, 1.1 * float(power.max()) or 1.0)


def _draw_voltage(axes: Any, view: View, supply: Supply, distinct: bool) -> None:
    curve = view.curve
    if distinct:
        axes.plot(view.at(curve.time_s), curve.voltage, color=_BLUE, linewidth=1.1)
    else:
        edges = view.edges(_BINS)
        band = voltage_band(curve, edges)
        axes.stairs(band.highest, view.at(edges), baseline=band.lowest, fill=True, color=_LIGHT)
        axes.plot(view.at(0.5 * (edges[1:] + edges[:-1])), band.mean, color=_BLUE, linewidth=0.9)
    low = min(float(curve.voltage.min()), supply.v_off)
    high = max(float(curve.voltage.max()), supply.v_on)
    axes.set_ylim(low - 0.08 * (high - low), high + 0.08 * (high - low))
    for name, volts, color in (("on", supply.v_on, _GREEN), ("off", supply.v_off, _RED)):
        axes.axhline(volts, color=color, linewidth=0.9, linestyle="--")
        axes.annotate(
            f"$v_\\mathrm{{{name}}}$",
            (1.0, volts),
            xycoords=axes.get_yaxis_transform(),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=color,
        )


def _draw_powered(axes: Any, view: View, run: Run) -> None:
    """A strip at the top: the share of each stretch of time that the device was on."""
    from matplotlib.colors import LinearSegmentedColormap

    edges = view.edges(_BINS)
    share = powered_share(run.power_cycles, edges)
    strip = axes.inset_axes((0.0, 1.01, 1.0, 0.05), sharex=axes)
    shades = LinearSegmentedColormap.from_list("on", (_OFF, _ALWAYS_ON))
    strip.pcolormesh(view.at(edges), (0.0, 1.0), share[None, :], cmap=shades, vmin=0.0, vmax=1.0, rasterized=True)
    strip.set_axis_off()


def _draw_progress(axes: Any, view: View, run: Run) -> None:
    times = np.append(view.curve.time_s, run.duration_s)
    done = np.append(progress_at(view.curve, run), run.progress)
    if view.curve.time_s[-1] < view.stop_s <= 0.999 * run.duration_s:
        times, done = times[:-1], done[:-1]
    axes.plot(view.at(times), done, color=_GREEN, linewidth=1.2)
    inside = done[(times >= view.start_s) & (times <= view.stop_s)]
    axes.set_ylim(0, 1.1 * float(inside.max(initial=0.0)) or 1.0)
    axes.grid(axis="y", color="#e3e3e3", linewidth=0.6)


def time_unit(length_s: float) -> tuple[str, float]:
    """Unit for an axis that spans `length_s`, and its seconds."""
    return next(((name, size) for name, size, least in _TIME_UNITS if length_s >= least), ("ms", 1e-3))


def _hours_between_ticks(length_s: float) -> int:
    return next((step for step in (1, 2, 3, 6) if length_s / 3600.0 / step <= 9), 12)


def _power_unit(view: View) -> tuple[str, float]:
    peak_w = float(mean_power(view.curve, view.edges(_BINS)).max())
    return next(((name, size) for name, size in _POWER_UNITS if peak_w >= size), ("nW", 1e-9))
