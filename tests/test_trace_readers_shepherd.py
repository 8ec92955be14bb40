"""Shepherd recordings, written here in the layout of shepherd_core's writer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simint.errors import InputError
from simint.trace.load import load_trace
from simint.trace.power_trace import CurveSource, PowerSource, PowerTrace, SourceKind, max_power_w
from simint.trace.readers.options import ReadOptions
from simint.trace.readers.ramps import curves_from_ramps

h5py = pytest.importorskip("h5py", reason="reading shepherd files needs the extra `shepherd`")

# Converter of the shepherd cape 2.4: 18 bits over 1.25 * 4.096 V, and through 2 ohm and a gain of 48 for the current
# (shepherd_core, calibration_hw_def); the offsets are those of a calibrated board.
VOLT_GAIN, VOLT_OFFSET = 1.25 * 4.096 / 2**18, -1e-3
AMP_GAIN, AMP_OFFSET = 1.25 * 4.096 / 2**18 / 96, -2e-6
START_NS = 1_700_000_000_123_456_789


def write_recording(
    path: Path, volts: np.ndarray, amps: np.ndarray, *, datatype: str = "ivsample", window: int = 0, **changes: Any
) -> None:
    """A file as shepherd_core writes it; `changes`: `time` (uint64 or None), `mode`, `drop` (dataset), `bare`."""
    times = changes.get("time", START_NS + 10_000 * np.arange(volts.size, dtype=np.uint64))
    with h5py.File(path, "w") as file:
        file.attrs["mode"] = changes.get("mode", "harvester")
        file.attrs["hostname"] = "sheep0"
        data = file.create_group("data")
        data.attrs["datatype"] = datatype
        data.attrs["window_samples"] = window
        for key, values, gain, offset in (
            ("voltage", volts, VOLT_GAIN, VOLT_OFFSET),
            ("current", amps, AMP_GAIN, AMP_OFFSET),
        ):
            if key == changes.get("drop"):
                continue
            counts = np.round((values - offset) / gain).clip(0).astype("u4")
            dataset = data.create_dataset(key, data=counts, maxshape=(None,), chunks=(10_000,), compression="gzip")
            if not changes.get("bare"):
                dataset.attrs["gain"], dataset.attrs["offset"] = gain, offset
            dataset.attrs["unit"] = key[0].upper()
        if times is not None:
            dataset = data.create_dataset("time", data=times, maxshape=(None,), chunks=(10_000,))
            dataset.attrs["gain"], dataset.attrs["offset"], dataset.attrs["unit"] = 1e-9, 0, "s"


def load(path: Path, options: ReadOptions | None = None) -> PowerTrace:
    return load_trace(str(path), options or ReadOptions())


@pytest.fixture
def sine() -> tuple[np.ndarray, np.ndarray]:
    phase = np.linspace(0, 20, 30_000)
    return 2.0 + np.sin(phase), 1e-3 * (1 + np.cos(phase))


def test_operating_points_become_power_within_the_converters_resolution(tmp_path: Path, sine) -> None:
    volts, amps = sine
    write_recording(tmp_path / "rec.h5", volts, amps)
    trace = load(tmp_path / "rec.h5")
    assert isinstance(trace.source, PowerSource)
    assert trace.source.voltage_v is not None
    assert trace.step_s == 1e-5
    assert trace.duration_s == pytest.approx(0.3)
    np.testing.assert_allclose(trace.source.voltage_v, volts, atol=VOLT_GAIN)
    np.testing.assert_allclose(trace.source.power_w, volts * amps, atol=3 * AMP_GAIN + 2e-3 * VOLT_GAIN)


def test_a_file_without_times_is_sampled_at_100_khz(tmp_path: Path, sine) -> None:
    write_recording(tmp_path / "with.h5", *sine)
    write_recording(tmp_path / "without.h5", *sine, time=None)
    write_recording(tmp_path / "empty.h5", *sine, time=np.zeros(0, dtype=np.uint64))
    reference = load(tmp_path / "with.h5")
    for name in ("without.h5", "empty.h5"):
        trace = load(tmp_path / name)
        assert trace.step_s == reference.step_s
        np.testing.assert_array_equal(max_power_w(trace.source), max_power_w(reference.source))
    assert load(tmp_path / "without.h5", ReadOptions(step_s=1e-3)).duration_s == pytest.approx(30.0)


def test_a_thinned_file_keeps_its_own_interval(tmp_path: Path, sine) -> None:
    write_recording(tmp_path / "rec.h5", *sine, time=START_NS + 1_000_000 * np.arange(30_000, dtype=np.uint64))
    assert load(tmp_path / "rec.h5").step_s == 1e-3


def test_a_lost_buffer_is_a_long_sample_not_a_shorter_recording(tmp_path: Path, sine) -> None:
    times = START_NS + 10_000 * np.arange(30_000, dtype=np.uint64)
    times[20_000:] += np.uint64(100_000_000)
    write_recording(tmp_path / "rec.h5", *sine, time=times)
    trace = load(tmp_path / "rec.h5")
    assert trace.edges_s is not None
    assert trace.duration_s == pytest.approx(0.4)
    assert trace.edges_s[20_000] - trace.edges_s[19_999] == pytest.approx(0.1 + 1e-5)


def test_readings_below_zero_count_as_nothing(tmp_path: Path) -> None:
    write_recording(tmp_path / "rec.h5", np.full(100, 2.0), np.full(100, AMP_OFFSET))
    assert max_power_w(load(tmp_path / "rec.h5").source).max() == 0.0


def cell(volts: np.ndarray, isc: float) -> np.ndarray:
    """Diode form of a cell with an open-circuit voltage of 3 V."""
    return np.maximum(isc * (1 - np.expm1(2.5 * volts) / np.expm1(7.5)), 0.0)


@pytest.mark.parametrize("falling", [False, True])
def test_ramps_become_curves_with_the_power_of_their_best_sample(tmp_path: Path, falling: bool) -> None:
    window = 909
    ramp = np.linspace(0, 5, window)[:: -1 if falling else 1]
    currents = [1e-3, 5e-4, 0.0]
    volts = np.tile(ramp, 3)
    amps = np.concatenate([cell(ramp, isc) for isc in currents])
    # An unfinished fourth ramp at the end is left out.
    volts, amps = np.append(volts, ramp[:500]), np.append(amps, ramp[:500])
    write_recording(tmp_path / "rec.h5", volts, amps, datatype="ivcurve", window=window)
    trace = load(tmp_path / "rec.h5")
    assert isinstance(trace.source, CurveSource)
    assert trace.segments == 3
    assert trace.step_s == pytest.approx(window * 1e-5)
    best = [(ramp * cell(ramp, isc)).max() for isc in currents]
    # A dark cell reads one count of current at most.
    np.testing.assert_allclose(max_power_w(trace.source), best, rtol=2e-3, atol=5 * AMP_GAIN)
    assert trace.source.current_a[0, 0] == pytest.approx(1e-3, rel=1e-3)


@given(st.integers(2, 40), st.integers(4, 50), st.integers(0, 1000))
@settings(deadline=None)
def test_noisy_ramps_in_any_order_never_lose_their_best_sample(samples: int, points: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    volts = np.round(rng.uniform(0, 3, (5, samples)), 1)
    amps = rng.uniform(0, 1e-3, (5, samples))
    source = curves_from_ramps(volts, amps, points)
    best = (volts * amps).max(axis=1)
    assert (max_power_w(source) >= best * (1 - 1e-9)).all()
    assert source.current_a.max() <= amps.max()


def test_end_points_take_the_fill_factor(tmp_path: Path) -> None:
    voc, isc = np.array([2.0, 3.0, 0.0]), np.array([1e-3, 2e-3, 0.0])
    write_recording(tmp_path / "rec.h5", voc, isc, datatype="isc_voc", window=2)
    power = load(tmp_path / "rec.h5")
    np.testing.assert_allclose(max_power_w(power.source), 0.604 * voc * isc, rtol=1e-3, atol=1e-9)
    assert "assumed fill factor 0.604" in power.provenance
    curves = load(tmp_path / "rec.h5", ReadOptions(as_source=SourceKind.IV, fill_factor=0.7))
    assert isinstance(curves.source, CurveSource)
    np.testing.assert_allclose(max_power_w(curves.source), 0.7 * voc * isc, rtol=1e-3, atol=1e-9)


def test_the_names_of_datatypes_have_changed_over_time(tmp_path: Path, sine) -> None:
    write_recording(tmp_path / "a.h5", *sine)
    write_recording(tmp_path / "b.h5", *sine, datatype="ivtrace")
    np.testing.assert_array_equal(
        max_power_w(load(tmp_path / "a.h5").source), max_power_w(load(tmp_path / "b.h5").source)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "emulator"}, "a recording of a harvester is expected"),
        ({"drop": "current"}, "no dataset data/current; the group has time, voltage"),
        ({"bare": True}, "dataset 'voltage' has no attribute 'gain'"),
        ({"datatype": "xyz"}, "datatype 'xyz' is unknown"),
        ({"datatype": "ivcurve"}, "window_samples"),
        ({"datatype": "ivcurve", "window": 40_000}, "30000 samples are too few"),
        ({"time": START_NS + 10_000 * np.arange(5, dtype=np.uint64)}, "'time' has 5 values for 30000 samples"),
        ({"time": START_NS - 10_000 * np.arange(30_000, dtype=np.int64)}, "data row 2: time .* must rise"),
    ],
)
def test_a_wrong_recording_is_one_clear_line(tmp_path: Path, sine, arguments: dict[str, Any], message: str) -> None:
    write_recording(tmp_path / "rec.h5", *sine, **arguments)
    with pytest.raises(InputError, match=message) as caught:
        load(tmp_path / "rec.h5")
    assert "rec.h5" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
def test_a_truncated_file_is_one_clear_line(tmp_path: Path, sine, share: float) -> None:
    path = tmp_path / "rec.h5"
    write_recording(path, *sine)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match=r"rec\.h5: not an HDF5 file, or a truncated one"):
        load(path)


def test_other_files_with_the_name_of_a_recording(tmp_path: Path) -> None:
    (tmp_path / "rec.h5").write_text("time,power\n0,1\n")
    with pytest.raises(InputError, match="not an HDF5 file"):
        load(tmp_path / "rec.h5")
    with h5py.File(tmp_path / "rec.h5", "w") as file:
        file["other"] = 1
    with pytest.raises(InputError, match="no group 'data'; the file has other"):
        load(tmp_path / "rec.h5")


def test_without_h5py_the_message_says_what_to_install(tmp_path: Path, sine, monkeypatch: pytest.MonkeyPatch) -> None:
    write_recording(tmp_path / "rec.h5", *sine)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(InputError, match=r"pip install 'simint\[shepherd\]'"):
        load(tmp_path / "rec.h5")
