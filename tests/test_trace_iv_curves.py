"""Measured current-voltage curves in JSON: nothing invented, and the maximum power of the notes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simint.errors import InputError
from simint.trace.__main__ import main
from simint.trace.load import load_trace
from simint.trace.power_trace import CurveSource, SourceKind, max_power_w
from simint.trace.readers.iv_curves import read_iv_curves
from simint.trace.readers.options import NO_OPTIONS, ReadOptions


def curves_of(path: Path, data: object, options: ReadOptions = NO_OPTIONS) -> CurveSource:
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="ascii")
    source = load_trace(str(path), options).source
    assert isinstance(source, CurveSource)
    return source


def test_all_curves_of_the_collection_have_the_maximum_power_of_its_notes(shared: Path) -> None:
    """The notes take the best sample; a straight piece beside it may rise a little above (2 % at 0.1 V steps)."""
    folder = shared / "data/pv_iv_curves"
    with open(folder / "summary.csv", encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(list(folder.glob("*.json"))) == 26
    for row in rows:
        trace = load_trace(str(folder / f"{row['cell']}_lux{row['lux']}.json"))
        source = trace.source
        assert isinstance(source, CurveSource)
        assert trace.kind is SourceKind.IV
        assert trace.duration_s == 60.0
        best, noted = float(max_power_w(source)[0]), float(row["p_max_W"])
        assert noted * (1 - 1e-5) <= best <= noted * 1.02
        assert source.voltage_v[-1] == pytest.approx(float(row["v_last"]), abs=1e-5)
        assert source.current_a.max() == pytest.approx(float(row["i_max_A"]), rel=1e-5)
        # The measured points, the one at 0 V besides.
        assert source.voltage_v.size == int(row["points"]) + 1


@given(st.lists(st.tuples(st.integers(0, 400), st.floats(0, 1e-2)), min_size=2, max_size=30, unique_by=lambda p: p[0]))
def test_a_noisy_curve_becomes_the_lowest_falling_one_above_its_points(
    tmp_path_factory: pytest.TempPathFactory, points: list[tuple[int, float]]
) -> None:
    file = tmp_path_factory.getbasetemp() / "noisy.json"
    source = curves_of(file, {"0": {str(v / 100): -i for v, i in points}})
    for volts, amps in points:
        read = np.interp(volts / 100, source.voltage_v, source.current_a[0], right=0.0)
        later = max(i for v, i in points if v >= volts)
        assert read >= amps * (1 - 1e-12)
        assert read == pytest.approx(later, rel=1e-9)
    assert source.current_a.max() == max(i for _, i in points)


def test_several_curves_share_a_grid_and_keep_their_shape(tmp_path: Path) -> None:
    data = {"10": {"0": 1e-3, "2": 0.0}, "2": {"0": 4e-3, "1": 3e-3, "4": 0.0}}
    source = curves_of(tmp_path / "two.json", data, ReadOptions(step_s=5.0))
    np.testing.assert_array_equal(source.voltage_v, [0, 1, 2, 4])
    # The curve named 2 comes before the one named 10.
    np.testing.assert_allclose(source.current_a, [[4e-3, 3e-3, 2e-3, 0], [1e-3, 0.5e-3, 0, 0]])
    assert load_trace(str(tmp_path / "two.json"), ReadOptions(step_s=5.0)).duration_s == 10.0


@pytest.mark.parametrize("sign", [1, -1])
def test_a_curve_measured_beyond_or_not_up_to_the_open_circuit(tmp_path: Path, sign: int) -> None:
    beyond = curves_of(tmp_path / "b.json", {"0": {"0.5": sign * 2e-3, "1.0": sign * 1e-3, "1.5": -sign * 1e-3}})
    np.testing.assert_array_equal(beyond.voltage_v, [0, 0.5, 1.0, 1.5])
    np.testing.assert_array_equal(beyond.current_a[0], [2e-3, 2e-3, 1e-3, 0])
    short = curves_of(tmp_path / "s.json", {"0": {"0": sign * 2e-3, "1": sign * 1.5e-3, "2": sign * 1e-3}})
    np.testing.assert_array_equal(short.voltage_v, [0, 1, 2, 3])
    np.testing.assert_array_equal(short.current_a[0], [2e-3, 1.5e-3, 1e-3, 0])


@pytest.mark.parametrize("voltages", [("0", "1", "2"), ("0.5", "1", "2")])
def test_a_dark_cell_gives_nothing(tmp_path: Path, voltages: tuple[str, ...]) -> None:
    source = curves_of(tmp_path / "dark.json", {"0": dict.fromkeys(voltages, 0)})
    assert max_power_w(source)[0] == 0
    assert not source.current_a.any()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "no curve"),
        ({"0": {"1": 1e-3}}, "at least two"),
        ({"a": {"0": 1, "1": 0}}, "name of a curve 'a'"),
        ({"0": {"zero": 1, "1": 0}}, "voltage 'zero'"),
        ({"0": {"-0.1": 1, "1": 0}}, "negative"),
        ({"0": {"1": 1, "1.0": 0}}, "twice"),
        ({"0": [1, 2]}, "expected"),
        ({"0": {"0": "x", "1": 0}}, "expected"),
        ('{"0": {"0": 1', "not a JSON file"),
    ],
)
def test_another_layout_is_refused(tmp_path: Path, data: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        curves_of(tmp_path / "bad.json", data)


def test_options_without_meaning_are_refused(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"0": {"0": 1, "1": 0}}', encoding="ascii")
    with pytest.raises(InputError, match="has no meaning"):
        load_trace(str(tmp_path / "c.json"), ReadOptions(load_ohm=10.0))
    with pytest.raises(InputError, match="give iv, not power"):
        read_iv_curves(tmp_path / "c.json", "c", ReadOptions(as_source=SourceKind.POWER))


def test_the_command_shows_a_curve(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = str(shared / "data/pv_iv_curves/KXOB25-02-X8F_lux20000.json")
    assert main(["show", spec, "--plot", str(tmp_path / "k.png")]) == 0
    assert "iv" in capsys.readouterr().out
