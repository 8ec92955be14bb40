"""Current sources: what they offer, how they are read, written and made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simint.errors import InputError
from simint.trace.__main__ import main
from simint.trace.catalogue_entries import load_catalogue_trace
from simint.trace.load import load_trace
from simint.trace.power_trace import CurrentSource, PowerSource, PowerTrace, SourceKind, content_hash, max_power_w
from simint.trace.readers.npz import read_npz, write_npz
from simint.trace.readers.options import ReadOptions
from simint.trace.statistics import trace_statistics


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="ascii")
    return str(path)


def test_a_current_source_offers_at_most_current_times_compliance() -> None:
    """The rectangle under I(V): its corner is the supremum of V * I."""
    rng = np.random.default_rng(1)
    source = CurrentSource(rng.uniform(0, 1e-3, 50), 3.3)
    voltages = np.linspace(0, 3.3, 1000, endpoint=False)
    tried = np.max(source.current_a[:, None] * voltages, axis=1)
    assert (max_power_w(source) >= tried).all()
    np.testing.assert_allclose(tried, max_power_w(source), rtol=2e-3)


def test_the_energy_is_the_charge_times_the_compliance_voltage() -> None:
    trace = PowerTrace("c", CurrentSource(np.array([1e-3, 0.0, 2e-3]), 2.5), edges_s=np.array([0.0, 1.0, 5.0, 5.5]))
    numbers = trace_statistics(trace)
    assert numbers.kind is SourceKind.CURRENT
    assert numbers.energy_j == pytest.approx((1e-3 * 1.0 + 2e-3 * 0.5) * 2.5, rel=1e-12)
    assert numbers.longest_outage_s == 4.0


def test_a_file_of_currents_is_read_with_its_compliance_voltage(tmp_path: Path) -> None:
    spec = write(tmp_path / "c.csv", "time_ms,current_uA\n0,100\n20,250\n40,0\n")
    trace = load_trace(spec, ReadOptions(compliance_v=3.0))
    assert isinstance(trace.source, CurrentSource)
    np.testing.assert_allclose(trace.source.current_a, [100e-6, 250e-6, 0.0], rtol=1e-15)
    assert trace.source.compliance_v == 3.0
    assert trace.step_s == 0.02
    assert "3 V" in trace.provenance


def test_beside_a_voltage_the_current_can_be_asked_for(tmp_path: Path) -> None:
    spec = write(tmp_path / "vi.csv", "time_s,voltage_V,current_mA\n0,2,1\n1,2,3\n")
    assert isinstance(load_trace(spec).source, PowerSource)
    asked = load_trace(spec, ReadOptions(as_source=SourceKind.CURRENT, compliance_v=4.0))
    chosen = load_trace(spec, ReadOptions(column="current_mA", compliance_v=4.0))
    assert content_hash(asked) == content_hash(chosen)
    np.testing.assert_allclose(max_power_w(asked.source), [4e-3, 12e-3])


def test_two_bare_columns_are_a_current_where_its_unit_is_given(tmp_path: Path) -> None:
    spec = write(tmp_path / "bare.csv", "0,100\n1,200\n")
    trace = load_trace(spec, ReadOptions(current_unit="nA", compliance_v=1.0))
    np.testing.assert_allclose(max_power_w(trace.source), [1e-7, 2e-7])


def test_an_array_of_an_npz_file_can_be_a_current(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", current_uA=np.array([5, 7]))
    trace = load_trace(f"{tmp_path / 'a.npz'}#current_uA", ReadOptions(step_s=0.5, compliance_v=2.0))
    np.testing.assert_allclose(max_power_w(trace.source), [1e-5, 1.4e-5])


def test_the_own_file_format_keeps_a_current_source(tmp_path: Path) -> None:
    trace = PowerTrace("c", CurrentSource(np.array([1e-3, 2e-3], dtype=np.float32), 3.3), step_s=0.1)
    write_npz(trace, tmp_path / "c.npz")
    assert content_hash(read_npz(tmp_path / "c.npz")) == content_hash(trace)


def test_the_catalogue_trace_and_the_generator_are_the_same(tmp_path: Path) -> None:
    out = tmp_path / "made.npz"
    parameters = ["--param", "current=250uA", "--param", "compliance=4V"]
    assert main(["synth", "constant-current", str(out), "--duration", "60s", *parameters]) == 0
    assert content_hash(read_npz(out)) == content_hash(load_catalogue_trace("constant-current"))


def test_the_command_shows_it_and_reduces_it_to_power(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "constant-current", "--plot", str(tmp_path / "c.png")]) == 0
    assert "current" in capsys.readouterr().out
    assert (tmp_path / "c.png").stat().st_size > 0
    assert main(["convert", "constant-current", str(tmp_path / "p.csv"), "--power"]) == 0
    np.testing.assert_allclose(max_power_w(load_trace(str(tmp_path / "p.csv")).source), 1e-3)


@pytest.mark.parametrize("compliance", [0.0, -1.0, np.inf, np.nan])
def test_the_compliance_voltage_must_be_positive_and_finite(compliance: float) -> None:
    with pytest.raises(InputError, match="compliance_v"):
        CurrentSource(np.ones(1), compliance)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("time_s,current_A\n0,1\n1,1\n", ReadOptions(), "compliance_v"),
        (
            "time_s,current_A\n0,1\n1,1\n",
            ReadOptions(compliance_v=3.0, as_source=SourceKind.IV),
            "gives current, not iv",
        ),
        ("time_s,current_A\n0,1\n1,-1\n", ReadOptions(compliance_v=3.0), r"current_a\[1\]"),
        ("time_s,power_W\n0,1\n1,1\n", ReadOptions(compliance_v=3.0), "belongs to a current source"),
        ("time_s,voltage_V,current_A\n0,1,1\n1,1,1\n", ReadOptions(compliance_v=3.0), "belongs to a current source"),
    ],
)
def test_what_makes_no_current_source_is_refused(tmp_path: Path, text: str, options: ReadOptions, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_trace(write(tmp_path / "x.csv", text), options)


def test_a_current_is_not_written_as_a_table_of_power(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "constant-current", str(tmp_path / "c.csv")]) == 2
    assert "--power" in capsys.readouterr().err
    assert not (tmp_path / "c.csv").exists()
