"""Numbers on axes say what they stand for, without an offset or a power of ten to be added."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from matplotlib.figure import Figure

from nas.search.axes import keep_labels_apart, spread_out, write_plainly


@pytest.mark.parametrize(
    ("values", "logarithmic"),
    [((1234567.0, 1234570.0), False), ((10.0001, 10.0004), False), ((2e-5, 3e-5), False), ((0.3, 40.0), True)],
)
def test_a_tick_says_the_number_that_it_stands_at(values: tuple[float, float], logarithmic: bool) -> None:
    figure = Figure()
    axes = figure.subplots()
    axes.plot(values, [0.0, 1.0])
    if logarithmic:
        axes.set_xscale("log")
    write_plainly(axes.xaxis, logarithmic)
    figure.savefig(io.BytesIO(), format="png")
    assert axes.xaxis.get_offset_text().get_text() == ""
    said = [float(label.get_text().replace(",", "").replace("−", "-")) for label in axes.get_xticklabels()]
    assert said == pytest.approx(list(axes.get_xticks()), rel=1e-9)
    assert sum(values[0] <= tick <= values[1] for tick in said) >= 2


def test_values_are_spread_out_by_their_ratio() -> None:
    assert spread_out([1.0, 11.0, float("nan")], 10.0)
    assert not spread_out([1.0, 10.0], 10.0)
    assert not spread_out([0.0, 100.0], 10.0)
    assert not spread_out([], 10.0)


@pytest.mark.parametrize(
    ("values", "logarithmic"),
    [((12672.0, 51351.0), False), ((2e3, 4e7), True), ((50.0, 80.0), False), ((1234567.0, 1234570.0), False)],
)
def test_numbers_across_a_narrow_panel_do_not_touch(values: tuple[float, float], logarithmic: bool) -> None:
    figure = Figure(figsize=(3.0, 2.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(values, [0.0, 1.0])
    if logarithmic:
        axes.set_xscale("log")
    write_plainly(axes.xaxis, logarithmic)
    keep_labels_apart(figure)
    figure.savefig(io.BytesIO(), format="png")
    low, high = axes.get_xlim()
    boxes = [tick.label1.get_window_extent() for tick in axes.xaxis.get_major_ticks() if low <= tick.get_loc() <= high]
    assert len(boxes) >= 2
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
