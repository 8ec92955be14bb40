"""Which plots a study gets: curves over what is a number, heat maps over two, marks over words, Pareto fronts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simint.whatif.report.columns import Column, in_sentence
from simint.whatif.report.goal import Goal
from simint.whatif.report.series import Layout, layout_of, panels_of, rest_in_words
from simint.whatif.report.study import Outcome, Parameter, Study
from simint.whatif.report.style import to_png, to_svg

# What is drawn where nobody says what.
_DEFAULT_METRICS = ("latency_p95_s", "throughput_per_day", "imo_pct")


@dataclass(frozen=True, slots=True)
class Plate:
    """A plot ready for a page: `name` is that of its file, `caption` says how to read it."""

    name: str
    caption: str
    svg: str
    png: bytes
    width_in: float


def default_metrics(study: Study, goal: Goal | None) -> list[Column]:
    """What to draw where nobody says what: the metrics of the goal, and the usual ones; one latency will do."""
    named = [condition.column for condition in goal.conditions] if goal is not None else []
    parameters = {parameter.name for parameter in study.parameters}
    metrics = [column for column in named if column.name not in parameters]
    usual = [study.column(name) for name in _DEFAULT_METRICS]
    if any(column.unit == "s" for column in metrics):
        usual = usual[1:]
    return metrics + [column for column in usual if column not in metrics]


def plates(
    study: Study, x: Parameter | None, metrics: Sequence[Column], goal: Goal | None, size: Column | None
) -> list[Plate]:
    """The plots for some metrics, and the front of the first against `size`.

    `x` is the parameter of the curves, by default the first number that varies.
    """
    from simint.whatif.report.curves import draw_curves
    from simint.whatif.report.dots import draw_dots
    from simint.whatif.report.failures import strip_rows

    drawn: list[Plate] = []
    numbers = list(study.numeric)
    if x is None and numbers:
        x = numbers[0]
    for metric in metrics:
        if not has_values(study, metric):
            continue
        if x is None:
            drawn.append(_plate(f"values-{metric.name}", _dots_caption(study), draw_dots(study, metric)))
            continue
        layout = layout_of(study, x, metric)
        limit = _limit(goal, metric)
        panels = panels_of(study, layout)
        caption = _curves_caption(layout) + (" Marks in the grey strip have no value." if strip_rows(panels) else "")
        drawn.append(_plate(f"curves-{metric.name}", caption, draw_curves(panels, layout, limit)))
        others = [parameter for parameter in numbers if parameter is not x and len(parameter.values) > 2]
        if others and len(x.values) > 2:
            drawn.append(_map(study, x, others[0], metric))
    front = _front(study, metrics, size)
    return [*drawn, front] if front is not None else drawn


def has_values(study: Study, metric: Column) -> bool:
    """Whether any point that finished something has a value of the metric."""
    finished = (study.frame["outcome"] == Outcome.FINISHED).to_numpy()
    return not bool(np.isnan(study.values(metric)[finished]).all())


def _plate(name: str, caption: str, figure: Any) -> Plate:
    # Laid out once, drawn twice.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return Plate(name, caption, to_svg(figure), to_png(figure), figure.get_figwidth())


def _limit(goal: Goal | None, metric: Column) -> float | None:
    """The bound that a goal sets on this metric."""
    conditions = goal.conditions if goal is not None else ()
    return next((c.bound for c in conditions if c.column.name == metric.name and abs(c.bound) < 1e299), None)


def _map(study: Study, x: Parameter, y: Parameter, metric: Column) -> Plate:
    from simint.whatif.report.heatmap import draw_heatmap
    from simint.whatif.report.scatter import draw_scatter

    axes = f"{in_sentence(x.column)} (across) and {in_sentence(y.column)} (up)"
    if x.sampled or y.sampled:
        caption = f"{metric.label} over {axes}, one mark for each point. Light is good; crosses finished nothing."
        return _plate(f"map-{metric.name}", caption, draw_scatter(study, x, y, metric))
    caption = (
        f"{metric.label} over {axes}. Light is good, hatched is what finishes nothing or cannot be run, "
        "the star marks the best point."
    )
    return _plate(f"map-{metric.name}", caption, draw_heatmap(study, x, y, metric))


def _front(study: Study, metrics: Sequence[Column], size: Column | None) -> Plate | None:
    """The front of the first metric with a direction against the size, where there are both."""
    from simint.whatif.report.fronts import draw_fronts, fronts_of

    metric = front_metric(metrics, size)
    if size is None or metric is None:
        return None
    fronts = fronts_of(study, size, metric)
    if not fronts:
        return None
    caption = (
        f"What a larger {in_sentence(size)} buys: no design is as small as one of the front and better in "
        f"{in_sentence(metric)}. Pale marks are beaten designs."
    )
    return _plate(f"front-{metric.name}", caption, draw_fronts(study, fronts, size, metric))


def front_metric(metrics: Sequence[Column], size: Column | None) -> Column | None:
    """What a front shows against the size: the first metric that has a better end, if that is not the size itself."""
    return next((m for m in metrics if m.better is not None and (size is None or m.name != size.name)), None)


def _curves_caption(layout: Layout) -> str:
    words = [f"{layout.y.label} over {in_sentence(layout.x.column)}"]
    if layout.lines is not None:
        words.append(f"a line for each {in_sentence(layout.lines.column)}")
    if layout.panels is not None:
        words.append(f"a panel for each {in_sentence(layout.panels.column)}")
    rest = rest_in_words(layout)
    return f"{', '.join(words)}{f' ({rest})' if rest else ''}."


def _dots_caption(study: Study) -> str:
    words = " and ".join(in_sentence(parameter.column) for parameter in study.words[:2])
    return f"By {words}. Marks at the right edge have no value."
