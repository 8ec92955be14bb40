"""Readers of text and npz files: units, timing, round trips, and one clear line for every bad file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from simint.config import load_toml
from simint.errors import InputError
from simint.trace.load import find_format, load_trace
from simint.trace.power_trace import (
    CurveSource,
    PowerSource,
    PowerTrace,
    SourceKind,
    TheveninSource,
    TraceEnd,
    content_hash,
    max_power_w,
)
from simint.trace.readers.diode import diode_curves, fill_factor_curves
from simint.trace.readers.npz import read_npz, write_npz
from simint.trace.readers.options import ReadOptions, TraceFormat
from simint.trace.readers.timing import timing_of
from simint.trace.readers.voltage import source_from_voltage

CELL = ReadOptions(cell_area_m2=1e-3, cell_efficiency=0.2)


def load_text(folder: Path, text: str, options: ReadOptions | None = None, name: str = "file.csv") -> PowerTrace:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load_trace(str(path), options or ReadOptions())


def power_w(trace: PowerTrace) -> np.ndarray:
    assert isinstance(trace.source, PowerSource)
    return trace.source.power_w


@pytest.mark.parametrize(
    "text",
    [
        "time_s,power_W\n0,0.001\n0.5,0.002\n1,0.0005\n",
        "time_ms,power_uW\n0,1000\n500,2000\n1000,500\n",
        "time (s), power [mW]\n100,1\n100.5,2\n101,0.5\n",
        "time_s,power_w\n100,1e-3\n100.5,2e-3\n101,0.5e-3\n",
        "time_ms,power_mw\n100000,1\n100500,2\n101000,0.5\n",
        "t;p/mW\n0;1\n0.5;2\n1;0.5\n",
        "# recorded on a Tuesday\ntime\tpower mW\n0\t1\n0.5\t2\n1\t0.5\n",
        "Time [us],Voltage [mV],Current [uA]\n0,2000,500\n500000,1000,2000\n1000000,500,1000\n",
        "0,2,0.0005\n0.5,1,0.002\n1,0.5,0.001\n",
    ],
)
def test_the_same_recording_in_any_units_is_the_same_trace(tmp_path: Path, text: str) -> None:
    trace = load_text(tmp_path, text)
    assert trace.step_s == 0.5
    assert trace.edges_s is None
    np.testing.assert_allclose(power_w(trace), [1e-3, 2e-3, 5e-4], rtol=1e-12)


def test_units_may_come_from_the_options(tmp_path: Path) -> None:
    trace = load_text(tmp_path, "time,power\n0,1\n2,3\n", ReadOptions(time_unit="ms", power_unit="uW"))
    assert trace.step_s == pytest.approx(2e-3)
    np.testing.assert_allclose(power_w(trace), [1e-6, 3e-6])


def test_voltage_and_current_keep_the_voltage_beside_their_product(tmp_path: Path) -> None:
    trace = load_text(tmp_path, "time_s,voltage_V,current_mA\n0,2,3\n1,4,0\n")
    assert isinstance(trace.source, PowerSource)
    assert trace.source.voltage_v is not None
    np.testing.assert_allclose(power_w(trace), [6e-3, 0.0])
    np.testing.assert_allclose(trace.source.voltage_v, [2.0, 4.0])


def test_one_column_can_be_chosen_among_several(tmp_path: Path) -> None:
    text = "time_s,power_east_mW,power_west_mW,watts\n0,1,10,5\n1,2,20,6\n"
    with pytest.raises(InputError, match="several columns of power; choose one with `column`: power_east_mW"):
        load_text(tmp_path, text)
    np.testing.assert_allclose(power_w(load_text(tmp_path, text, ReadOptions(column="power_west_mW"))), [0.01, 0.02])
    np.testing.assert_allclose(power_w(load_text(tmp_path, text, ReadOptions(column="watts", power_unit="W"))), [5, 6])


def test_irregular_times_become_edges_and_the_last_segment_repeats_the_one_before(tmp_path: Path) -> None:
    trace = load_text(tmp_path, "time_s,power_W\n10,1\n11,2\n14,3\n14.5,4\n")
    assert trace.step_s is None
    assert trace.edges_s is not None
    np.testing.assert_allclose(trace.edges_s, [0, 1, 4, 4.5, 5.0])


@given(st.integers(2, 400), st.sampled_from([1e-5, 1e-3, 1 / 30, 0.02, 1 / 3, 60.0]), st.floats(0, 1e4))
@settings(deadline=None)
def test_regular_times_printed_with_few_digits_are_found_regular(count: int, step: float, start: float) -> None:
    digits = max(0, int(np.ceil(-np.log10(step))) + 2)
    times = np.round(round(start, digits) + step * np.arange(count), digits)
    timing = timing_of(times, 1.0)
    assert timing.step_s is not None
    # Printing moves each end by half a digit, and the roundest interval may lie one digit off what is printed.
    assert abs(timing.step_s - step) * (count - 1) <= 2.01 * 10.0**-digits + 1e-9 * step


@given(st.integers(3, 200), st.integers(0, 10_000))
@settings(deadline=None)
def test_jitter_that_the_digits_show_is_kept(count: int, seed: int) -> None:
    times = np.arange(count) + np.round(np.random.default_rng(seed).uniform(-0.4, 0.4, count), 3)
    times[1] = times[0] + 1.4
    times[2] = times[1] + 0.3
    times = np.maximum.accumulate(times) + 1e-3 * np.arange(count)
    timing = timing_of(times, 1.0)
    assert timing.edges_s is not None
    np.testing.assert_allclose(timing.edges_s[:-1], times - times[0], atol=1e-12)


def test_one_row_needs_a_length(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="single row"):
        load_text(tmp_path, "time_s,power_W\n0,1\n")
    assert load_text(tmp_path, "time_s,power_W\n0,1\n", ReadOptions(step_s=3.0)).duration_s == 3.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("time_s,power_W\n", "no data rows"),
        ("time_s,power_W\n0,1\n1,nan\n", "data row 2, column 'power_W'"),
        ("time_s,power_W\n0,1\n1,\n", "data row 2, column 'power_W'"),
        ("time_s,power_W\n0,1\n1,abc\n", "'abc' is not a number"),
        ("time_s,power_W\n0,1\n1,-2\n", r"power_w\[1\] is -2"),
        ("time_s,power_W\n0,1\n1,inf\n", r"power_w\[1\] is inf"),
        ("time_s,power_W\n0,1\n2,1\n1,1\n", "data row 3: time 1 after 2"),
        ("time_s,power_W\n0,1\n0,1\n1,1\n", "data row 2: time 0 after 0"),
        ("time_s,power_W\n0,1\ninf,1\n", "data row 2: time inf"),
        ("time_s,power [furlong]\n0,1\n1,1\n", "unknown unit 'furlong'"),
        ("time [V],power_W\n0,1\n1,1\n", "unknown unit 'V', a unit of s"),
        ("time_s,colour\n0,1\n1,1\n", "no column of power"),
        ("power_W,colour\n0,1\n1,1\n", "no column of times"),
        ("time_s,voltage_V\n0,1\n1,1\n", "load_ohm"),
        ("time_s,irradiance\n0,1\n1,1\n", "cell_area_m2"),
        ("time_s,power_W\n0,1,2\n1,1,2\n", "more cells than the header"),
        ("time_s,power_W\n0,1\n1,1,2\n", "line 3 has 3 cells"),
        ("1\n2\n3\n", "no header and 1 column"),
        ("MST,ghi\n00:00,1\n00:02,2\n00:01,3\n", "data row 3: the time of day goes back"),
        ("MST,ghi\n00:00,1\nnoon,2\n", "'noon' is not a time of day"),
        ("MST,ghi\n00:00,1\n00:01,-9999\n", "missing value"),
        ("sec RSSI,mW\n0.00\t1\n0.02\tx\n", "'x' is not a number"),
        ("sec RSSI,mW\n0.00\t1\n0.02\t1\n0.01\t1\n", "data row 3: time 0.01 after 0.02"),
        ("1\t0.5\n7\t0.5\n9\t0.5\n", "not 1 ms"),
    ],
)
def test_a_bad_text_file_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    options = CELL if text.startswith("MST") else ReadOptions()
    with pytest.raises(InputError, match=message) as caught:
        load_text(tmp_path, text, options)
    assert "file.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_files_and_names(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_trace(str(tmp_path / "absent.csv"))
    with pytest.raises(InputError, match="not a file"):
        load_trace(str(tmp_path))
    with pytest.raises(InputError, match="no file and no catalogue trace 'no_such_trace'"):
        load_trace("no_such_trace")


def test_catalogue_names_come_before_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_npz(TRACES[0], tmp_path / "constant-1mw")
    trace = load_trace("constant-1mw")
    np.testing.assert_allclose(max_power_w(trace.source), 1e-3)
    assert content_hash(load_trace("./constant-1mw")) == content_hash(TRACES[0])
    with pytest.raises(InputError, match="comes from the catalogue"):
        load_trace("constant-1mw", CELL)


def test_a_seed_draws_another_catalogue_trace_but_never_another_file(tmp_path: Path) -> None:
    own, same, other = (load_trace("rf-markov", seed=seed) for seed in (None, 5, 6))
    assert content_hash(same) == content_hash(load_trace("rf-markov", seed=5))
    assert len({content_hash(trace) for trace in (own, same, other)}) == 3
    write_npz(TRACES[0], tmp_path / "t.npz")
    with pytest.raises(InputError, match="a file has none"):
        load_trace(str(tmp_path / "t.npz"), seed=5)


def test_heavy_packages_wait_until_a_file_is_read() -> None:
    code = (
        "import sys, simint.trace.load, simint.trace.readers.delimited, simint.trace.readers.shepherd;"
        "print([name for name in ('pandas', 'scipy', 'h5py', 'numba', 'matplotlib') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_options_that_mean_nothing_for_a_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`load_ohm` has no meaning for a file of format react"):
        load_text(tmp_path, "sec RSSI,mW\n0.00\t1\n0.02\t2\n", ReadOptions(load_ohm=10.0))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"time_unit": "parsec"}, "`time_unit`"),
        ({"step_s": 0.0}, "`step_s`"),
        ({"load_ohm": -1.0}, "`load_ohm`"),
        ({"cell_efficiency": 20.0}, "`cell_efficiency`"),
        ({"fill_factor": 0.2}, "`fill_factor`"),
        ({"curve_points": 1}, "`curve_points`"),
    ],
)
def test_nonsense_options_are_refused_by_name(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ReadOptions(**fields)


def test_options_survive_a_scenario_file(tmp_path: Path) -> None:
    options = ReadOptions(
        format=TraceFormat.CSV, step_s=1e-3, as_source=SourceKind.THEVENIN, load_ohm=3e4, cell_area_m2=1e-3, column="x"
    )
    path = tmp_path / "scenario.toml"
    path.write_text(tomli_w.dumps(msgspec.to_builtins(options)))
    assert load_toml(path, ReadOptions) == options
    path.write_text('step_s = "1ms"\nload_ohm = "30kohm"\ncell_area_m2 = "10cm2"\n')
    assert load_toml(path, ReadOptions) == ReadOptions(step_s=1e-3, load_ohm=3e4, cell_area_m2=1e-3)
    path.write_text('colour = "red"\n')
    with pytest.raises(InputError, match="colour"):
        load_toml(path, ReadOptions)


def test_mementos_text_ignores_glitches_of_its_clock(tmp_path: Path) -> None:
    milliseconds = 5000 + np.arange(1000)
    milliseconds[400] += 1000
    text = "".join(f"{ms}\t{v:.5f}\n" for ms, v in zip(milliseconds, np.linspace(0, 3, 1000), strict=True))
    trace = load_text(tmp_path, text, name="1.txt")
    assert trace.step_s == 1e-3
    assert trace.segments == 1000
    assert "30000 ohm" in trace.provenance
    assert "2 glitches" in trace.provenance
    assert power_w(trace)[-1] == pytest.approx(9.0 / 30e3)


@given(st.floats(0.01, 6.0), st.floats(10.0, 1e6), st.floats(10.0, 1e6))
def test_a_thevenin_reading_puts_the_recorded_voltage_back_on_the_load(volts: float, load: float, inner: float) -> None:
    source = source_from_voltage(np.array([volts]), SourceKind.THEVENIN, load, inner)
    assert isinstance(source, TheveninSource)
    assert source.voltage_v[0] * load / (load + inner) == pytest.approx(volts, rel=1e-12)
    into_load = source_from_voltage(np.array([volts]), SourceKind.POWER, load, None)
    # Whatever the assumed resistance, the load took no more than the harvester could give; matched, just that.
    assert max_power_w(source)[0] >= max_power_w(into_load)[0] * (1 - 1e-12)
    matched = source_from_voltage(np.array([volts]), SourceKind.THEVENIN, load, load)
    assert max_power_w(matched)[0] == pytest.approx(max_power_w(into_load)[0], rel=1e-12)


@given(st.floats(1e-6, 1e-2), st.floats(1e-3, 1.0), st.floats(0.5, 30.0), st.integers(4, 60))
@settings(deadline=None)
def test_diode_curves_have_the_exact_maximum_power_with_any_number_of_points(
    a: float, ratio: float, c: float, points: int
) -> None:
    b = a * ratio
    source = diode_curves(np.array([a]), np.array([b]), np.array([c]), points)
    assert source.current_a.shape == (1, points)
    grid = np.linspace(0, np.log1p(a / b) / c, 4001)
    true = a - b * np.expm1(c * grid)
    assert max_power_w(source)[0] == pytest.approx((grid * true).max(), rel=1e-6)
    assert max_power_w(source)[0] >= (grid * true).max() * (1 - 1e-12)
    np.testing.assert_array_less(np.interp(grid, source.voltage_v[0], source.current_a[0]), true + 1e-9 * a)


@given(st.floats(0.2505, 0.95), st.floats(0.1, 5.0), st.floats(1e-6, 1.0))
@settings(deadline=None)
def test_fill_factor_curves_have_the_fill_factor(fill_factor: float, voc: float, isc: float) -> None:
    source = fill_factor_curves(np.array([voc, 0.0]), np.array([isc, isc]), fill_factor, 16)
    np.testing.assert_allclose(max_power_w(source), [fill_factor * voc * isc, 0.0], rtol=1e-9)
    assert source.voltage_v[0, -1] == pytest.approx(voc)
    assert source.current_a[0, 0] == pytest.approx(isc)


TRACES = [
    PowerTrace("p", PowerSource(np.array([0.0, 1e-3])), step_s=0.1, end=TraceEnd.HOLD, provenance="by hand, 5 µW"),
    PowerTrace("pv", PowerSource(np.ones(2, np.float32), np.array([2.0, 3.0])), edges_s=np.array([0, 0.1, 7.0])),
    PowerTrace("th", TheveninSource(np.array([3.0, 4.0]), 2800.0), step_s=1.0, end=TraceEnd.STOP),
    PowerTrace("th2", TheveninSource(np.array([3.0, 4.0]), np.array([1.0, 2.0])), step_s=1.0),
    PowerTrace("iv", CurveSource(np.array([0.0, 1.0, 2.0]), np.array([[2.0, 1.0, 0.0]])), step_s=5.0),
]


@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.name)
def test_own_files_give_the_trace_back(tmp_path: Path, trace: PowerTrace) -> None:
    path = tmp_path / "t.npz"
    write_npz(trace, path)
    for back in (read_npz(path), load_trace(str(path))):
        assert content_hash(back) == content_hash(trace)
        assert (back.name, back.end, back.provenance) == (trace.name, trace.end, trace.provenance)
    assert [file.name for file in tmp_path.iterdir()] == ["t.npz"]


def test_a_file_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_npz(TRACES[0], tmp_path / "absent" / "t.npz")


def test_damaged_npz_files(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    write_npz(PowerTrace("p", PowerSource(np.random.default_rng(1).random(5000)), step_s=0.1), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="truncated"):
        load_trace(str(path))
    path.write_bytes(whole[:2000] + bytes(100) + whole[2100:])
    with pytest.raises(InputError, match="cannot be read"):
        load_trace(str(path))
    np.savez(path, simint_trace=1, name="x", end="loop", step_s=1.0, provenance="")
    with pytest.raises(InputError, match=r"damaged trace file: .*resistance_ohm"):
        load_trace(str(path))
    np.savez(path, simint_trace=2, name="x")
    with pytest.raises(InputError, match="layout 2"):
        load_trace(str(path))
    write_npz(TRACES[0], path)
    with pytest.raises(InputError, match="`#x` selects nothing"):
        load_trace(f"{path}#x")


def test_arrays_of_other_npz_files(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    np.savez(path, power_uW=np.array([1, 2], np.int16), volts=np.array([1.0, 2.0]), table=np.ones((2, 2)), word="x")
    named = load_trace(f"{path}#power_uW", ReadOptions(step_s=0.5))
    np.testing.assert_allclose(power_w(named), [1e-6, 2e-6])
    assert named.name == "other#power_uW"
    unit = ReadOptions(step_s=0.5, voltage_unit="mV", load_ohm=2.0)
    np.testing.assert_allclose(power_w(load_trace(f"{path}#volts", unit)), [0.5e-6, 2e-6])
    for selector, options, message in [
        ("", ReadOptions(), "choose an array with FILE#NAME; the file has power_uW, volts"),
        ("absent", ReadOptions(), "no array 'absent'"),
        ("power_uW", ReadOptions(), "give `step_s`"),
        ("volts", ReadOptions(step_s=1.0), "give its unit"),
        ("table", ReadOptions(step_s=1.0), r"shape \(2, 2\)"),
        ("word", ReadOptions(step_s=1.0), "numbers are expected"),
    ]:
        with pytest.raises(InputError, match=message):
            load_trace(f"{path}#{selector}" if selector else str(path), options)


def test_a_hash_in_a_file_name_is_no_selector(tmp_path: Path) -> None:
    trace = load_text(tmp_path, "time_s,power_W\n0,1\n1,2\n", name="run#1.csv")
    assert trace.segments == 2


def test_the_format_is_found_by_looking_inside(tmp_path: Path) -> None:
    for text, expected in [
        ("time_s,power_W\n0,1\n", TraceFormat.CSV),
        ("sec RSSI,mW\n0.00\t0.1\n", TraceFormat.REACT),
        ("17\t0.5\n18\t0.6\n", TraceFormat.MEMENTOS),
        ("hour_utc,ghi\n0.0,1\n", TraceFormat.WEATHER),
    ]:
        (tmp_path / "f").write_text(text)
        assert find_format(tmp_path / "f") is expected
