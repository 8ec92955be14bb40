"""The comparison as a picture: accuracy over everything a network costs."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nas.compare.comparing import Entrant
from nas.search.axes import keep_labels_apart, spread_out, write_plainly

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Value = Callable[[Entrant], float]
_MARKERS = "os^DvP*<>hp"
_SIZES = (56, 48, 40, 32, 27, 23)  # one that covers another leaves its edge to be seen
_WIDE = 5.0  # chosen: from this ratio of the largest to the smallest value on, an axis is logarithmic


@dataclass(frozen=True, slots=True)
class _Axis:
    """A quantity and whether more of it is better."""

    label: str
    value: _Value
    more_is_better: bool = False


_ACCURACY = _Axis("validation accuracy (%)", lambda e: e.candidate.accuracy_percent, True)
_RATE = _Axis("inferences a day, replay, median over traces", lambda e: e.replay.inferences_per_day, True)
_COSTS = (
    _Axis("memory, NVM (kB)", lambda e: e.nvm_bytes / 1e3),
    _Axis("energy, cost model (mJ)", lambda e: 1e3 * e.costs.active_j),
    _Axis("latency, cost model (s)", lambda e: e.costs.latency_s),
    _Axis("IMO, cost model (%)", lambda e: e.costs.imo_percent),
    _Axis("overhead, cost model (s)", lambda e: e.costs.overhead_s),
)


def picture(entrants: Sequence[Entrant], title: str) -> bytes:
    """PNG, a panel for each cost and for replay; inferences a day in place of accuracy where none is known.

    A thin line joins the networks of a search that no other of it beats in the panel.
    """
    from matplotlib.figure import Figure

    accurate = any(math.isfinite(entrant.candidate.accuracy_percent) for entrant in entrants)
    y = _ACCURACY if accurate else _RATE
    figure = Figure(figsize=(13.0, 7.6), layout="constrained")
    grid = figure.subplots(2, 3, sharey=True).flat
    panels = (*_COSTS, _RATE) if accurate else _COSTS
    for number, (axes, x) in enumerate(zip(grid, panels, strict=False)):
        _panel(axes, entrants, x, y)
        if number % 3 == 0:
            axes.set_ylabel(y.label)
    for axes in list(figure.axes)[len(panels) :]:
        axes.set_axis_off()
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=min(6, len(names)), fontsize=9, frameon=False)
    figure.suptitle(title, fontsize=11)
    keep_labels_apart(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130)
    return buffer.getvalue()


def _panel(axes: Axes, entrants: Sequence[Entrant], x: _Axis, y: _Axis) -> None:
    def points(chosen: Sequence[Entrant]) -> list[tuple[float, float]]:
        return [(x.value(entrant), y.value(entrant)) for entrant in chosen]

    found = [entrant for entrant in entrants if not entrant.candidate.published]
    published = [entrant for entrant in entrants if entrant.candidate.published]
    for number, origin in enumerate(dict.fromkeys(entrant.candidate.origin for entrant in found)):
        own = [entrant for entrant in found if entrant.candidate.origin == origin]
        marker, colour = _MARKERS[number % len(_MARKERS)], f"C{number % 10}"
        front = _front(points(own), x.more_is_better)
        axes.plot(*_columns(front), "-", color=colour, linewidth=0.8, alpha=0.5, zorder=1)
        axes.scatter(
            *_columns(points(own)),
            marker=marker,
            color=colour,
            s=_SIZES[min(number, len(_SIZES) - 1)],
            edgecolors="white",
            linewidths=0.5,
            label=_legend(own, accuracy_known=any(math.isfinite(y.value(entrant)) for entrant in own)),
            zorder=2,
        )
    if published:
        axes.scatter(*_columns(points(published)), marker="x", color="black", s=42, label="published", zorder=3)
    chosen = [entrant for entrant in entrants if entrant.candidate.choice]
    if chosen:
        axes.scatter(
            *_columns(points(chosen)),
            marker="o",
            s=130,
            facecolors="none",
            edgecolors="black",
            linewidths=0.9,
            label="what its method returns",
            zorder=4,
        )
    axes.set_xlabel(x.label)
    axes.grid(alpha=0.25, linewidth=0.5)
    _scale(axes, [value for value, _ in points(entrants)])


def _legend(entrants: Sequence[Entrant], accuracy_known: bool) -> str:
    own = entrants[0].candidate
    label = own.name.rpartition("-")[0]
    # An accuracy of stochastic hardware stands over the costs of a microcontroller.
    machine = "" if math.isnan(own.sc_energy_j) else "accuracy of stochastic hardware"
    unknown = "" if accuracy_known else "accuracy not known"
    more = ", ".join(word for word in ("" if own.method in label else own.method, machine, unknown) if word)
    return f"{label} ({more})" if more else label


def _columns(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _front(points: Sequence[tuple[float, float]], more_is_better: bool) -> list[tuple[float, float]]:
    """Points that no other has both a better x and a higher y than."""
    front: list[tuple[float, float]] = []
    for x, y in sorted(
        (point for point in points if all(map(math.isfinite, point))),
        key=lambda point: (-point[0] if more_is_better else point[0], -point[1]),
    ):
        if not front or y > front[-1][1]:
            front.append((x, y))
    return front


def _scale(axes: Axes, values: Sequence[float]) -> None:
    logarithmic = spread_out(values, _WIDE)
    if logarithmic:
        axes.set_xscale("log")
    write_plainly(axes.xaxis, logarithmic)
    write_plainly(axes.yaxis, False)
