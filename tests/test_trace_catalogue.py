"""The catalogue: every file tells the truth about its trace, and is found wherever the package lies."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from simint.errors import InputError
from simint.trace import catalogue_entries
from simint.trace.catalogue_entries import catalogue_folder, catalogue_names, load_catalogue_trace, load_entry
from simint.trace.power_trace import TheveninSource, content_hash, max_power_w
from simint.trace.statistics import trace_statistics

NAMES = catalogue_names()


def test_the_promised_traces_are_there() -> None:
    assert set(NAMES) >= {
        "solar-day-clouds",
        "solar-day-cell",
        "office-light",
        "rf-walk-by",
        "rf-markov",
        "kinetic-walk",
        "thermal-wrist",
        "constant-1mw",
        "constant-current",
        "square-wave",
        "thevenin-bench",
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_file_describes_the_trace(name: str) -> None:
    entry, trace = load_entry(name), load_catalogue_trace(name)
    assert trace.name == entry.name == name
    assert trace.kind is entry.kind
    assert trace.duration_s == pytest.approx(entry.duration, rel=1e-12)
    if entry.step_s is None:
        assert trace.edges_s is not None or trace.segments == 1
    else:
        assert trace.step_s == entry.step_s
    assert trace_statistics(trace).mean_w == pytest.approx(entry.mean_power, rel=1e-3)
    assert entry.description
    assert entry.source
    assert f"seed {entry.seed}" in trace.provenance


def test_the_bench_is_the_published_one() -> None:
    source = load_catalogue_trace("thevenin-bench").source
    assert isinstance(source, TheveninSource)
    assert source.voltage_v.tolist() == [5.892]
    assert source.resistance_ohm == 2800.0
    assert max_power_w(source)[0] == pytest.approx(5.892**2 / 11200)


@pytest.mark.parametrize("name", ["rf-walk-by", "kinetic-walk", "rf-markov"])
def test_a_small_device_browns_out_and_still_finishes(name: str) -> None:
    """1 mF behind a boost converter of 80 %, 4.5 V to 3.3 V, 5 mW for 3 s of work that survives power failures."""
    trace = load_catalogue_trace(name)
    step = 0.005
    full, empty = 0.5 * 1e-3 * 4.5**2, 0.5 * 1e-3 * 3.3**2
    times = trace.edge_times()[:-1]
    power = max_power_w(trace.source)
    energy, on, on_s, brown_outs, segment = empty, False, 0.0, 0, 0
    for k in range(round(trace.duration_s / step)):
        while segment + 1 < times.size and times[segment + 1] <= k * step:
            segment += 1
        energy += step * (0.8 * float(power[segment]) - (5e-3 if on else 0.0))
        on_s += step if on else 0.0
        if on and energy <= empty:
            on, brown_outs = False, brown_outs + 1
        elif energy >= full:
            on = True
        energy = min(energy, full)
    assert brown_outs >= 5
    assert on_s / 3.0 >= 5


def test_the_traces_are_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = content_hash(load_catalogue_trace("rf-markov"))
    monkeypatch.chdir(tmp_path)
    assert catalogue_names() == NAMES
    assert content_hash(load_catalogue_trace("rf-markov")) == before


def test_an_installed_package_uses_its_own_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "simint" / "trace"
    (installed / "catalogue").mkdir(parents=True)
    shutil.copy(catalogue_folder() / "square-wave.toml", installed / "catalogue")
    monkeypatch.setattr(catalogue_entries, "__file__", str(installed / "catalogue_entries.py"))
    assert catalogue_names() == ["square-wave"]
    assert load_catalogue_trace("square-wave").segments == 120


def test_another_seed_draws_another_trace() -> None:
    own = load_entry("rf-markov").seed
    assert content_hash(load_catalogue_trace("rf-markov", own)) == content_hash(load_catalogue_trace("rf-markov"))
    assert content_hash(load_catalogue_trace("rf-markov", own + 1)) != content_hash(load_catalogue_trace("rf-markov"))


def test_unknown_names_and_bad_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="unknown trace 'moon'; known: constant-1mw"):
        load_catalogue_trace("moon")
    text = (catalogue_folder() / "square-wave.toml").read_text()
    folder = tmp_path / "catalogue"
    folder.mkdir()
    (folder / "renamed.toml").write_text(text)
    (folder / "square-wave.toml").write_text(text.replace('sampling = "exact edges"', 'sampling = "often"'))
    monkeypatch.setattr(catalogue_entries, "__file__", str(tmp_path / "x.py"))
    with pytest.raises(InputError, match="must be the file's name"):
        load_entry("renamed")
    with pytest.raises(InputError, match="sampling"):
        load_entry("square-wave")
