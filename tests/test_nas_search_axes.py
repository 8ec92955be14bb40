"""Numbers on axes say what they stand for, without an offset or a power of ten to be added."""

from __future__ import annotations

import io

import pytest
from matplotlib.figure import Figure

from nas.search.axes import spread_out, write_plainly


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
