"""The study file: what it holds, what it refuses, and what its processes share."""

from __future__ import annotations

import sqlite3
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from replay_runs import write_supply
from whatif_cases import rows_of, tiny_scenario, tiny_study

from simint.errors import InputError
from simint.physics.front_end import compile_source
from simint.scenario import TraceChoice
from simint.trace.load import load_trace
from simint.trace.power_trace import PowerTrace, content_hash
from simint.trace.source import PowerSource
from simint.whatif import load_study, run_study
from simint.whatif.metrics import METRIC_NAMES
from simint.whatif.outcome import Outcome
from simint.whatif.sharing import fetch, forget, share
from simint.whatif.store import Column, create_store, open_store
from simint.whatif.study import read_description


def write_trace(path: Path, watts: float, samples: int = 4) -> Path:
    lines = "".join(f"{k / 2},{watts * (1 + k % 2)}\n" for k in range(samples + 1))
    path.write_text(f"time_s,power_W\n{lines}")
    return path


def test_the_table_of_a_study(tmp_path: Path) -> None:
    study = tiny_study("capacitor=200uF,1mF", "policy=tile,none", "parallel=1,2")
    run_study(study, tmp_path / "study.db", jobs=1)
    found = load_study(tmp_path / "study.db")
    assert found.varied == ("capacitor", "policy", "parallel")
    assert found.units == ("F", "", "")
    assert list(found.frame.columns) == ["id", *found.varied, "status", "error", "seconds", *METRIC_NAMES]
    assert list(found.frame["id"]) == list(range(8))
    assert found.frame["parallel"].dtype == np.int64
    assert (found.frame["capacitance_f"] == found.frame["capacitor"] * found.frame["parallel"]).all()
    assert (found.frame["seconds"] > 0).all()
    assert read_description(found.description).variations == study.variations
    # Nothing but the file, and the lock that stays beside it.
    assert {path.name for path in tmp_path.iterdir()} == {"study.db", ".study.db.lock"}


def test_a_saved_row_is_there_for_everybody(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    metrics: dict[str, Any] = {**dict.fromkeys(METRIC_NAMES), "verdict": "stopped", "harvested_j": 0.1 + 0.2}
    with create_store(
        path, {"description": ""}, {}, [Column("v_on", "V", "number")], [(3.0,), (3.1,), (3.2,)]
    ) as store:
        store.save([Outcome(1, 0.25, metrics), Outcome(2, 0.5, None, "no such thing")])
        # Read as another process would, while this one goes on.
        frame = load_study(path).frame
        assert list(frame["status"]) == ["missing", "done", "error"]
        assert list(frame["error"]) == ["", "", "no such thing"]
        assert frame["harvested_j"][1] == 0.1 + 0.2
        assert frame["verdict"].isna().tolist() == [True, False, True]
        assert store.missing() == [0]
        assert store.missing(errors_too=True) == [0, 2]
        assert store.errors() == 1


@pytest.mark.parametrize("content", [b"", b"no database", None])
def test_files_that_are_no_studies(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "study.db"
    if content is None:
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE study (key, value)")
        connection.close()
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"study\.db: not a study file"):
        load_study(path)
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"study\.db: not a study file"):
        open_store(path)
    assert path.read_bytes() == before


def test_places_where_no_study_can_be(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        run_study(tiny_study("v_on=3V,3.1V"), tmp_path / "none" / "study.db", jobs=1)
    with pytest.raises(InputError, match="no such study file"):
        load_study(tmp_path / "none.db")


def test_a_file_with_another_study_is_refused_naming_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    run_study(tiny_study("capacitor=200uF,1mF"), path, jobs=1)
    rows = rows_of(path)
    for study, said in (
        (tiny_study("capacitor=200uF,2mF"), r"vary\.capacitor: \[0\.0002, 0\.001\] there, \[0\.0002, 0\.002\] here"),
        (tiny_study("v_on=3V,3.1V"), r"vary\.capacitor: .* there, nothing here"),
        (tiny_study("capacitor=200uF,1mF", held=False), "design: held there, best here"),
        (tiny_study("capacitor=200uF,1mF", scenario=tiny_scenario(duration=3.0)), "scenario.duration: 2.0 there, 3.0"),
    ):
        with pytest.raises(InputError, match=f"holds another study .*{said}"):
            run_study(study, path, jobs=1)
    pd.testing.assert_frame_equal(rows_of(path), rows)


def test_changed_inputs_are_refused_naming_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace, supply = write_trace(tmp_path / "radio.csv", 1e-3), write_supply(tmp_path / "mine.toml")
    scenario = tiny_scenario(supply=str(supply), duration=1.0)
    study = tiny_study("trace=radio.csv,constant-1mw", "policy=tile", scenario=scenario, folder=tmp_path)
    path = tmp_path / "study.db"
    run_study(study, path, jobs=1)
    rows = rows_of(path)

    def refusal() -> str:
        with pytest.raises(InputError, match="inputs have changed since the study began") as caught:
            run_study(study, path, jobs=1)
        return str(caught.value)

    write_trace(trace, 2e-3)
    assert "trace radio.csv has changed" in refusal()
    write_supply(supply, v_on="2.9V")
    assert f"trace radio.csv has changed; supply {supply} has changed" in refusal()
    write_trace(trace, 1e-3)
    assert "trace" not in refusal().partition("began")[2]
    write_supply(supply)
    with monkeypatch.context() as patch:
        real = metadata.version
        patch.setattr(metadata, "version", lambda name: "0.0.1" if name == "numba" else real(name))
        assert f"version of numba was {real('numba')} and is 0.0.1" in refusal()
    # Written again with the same content it is the same input.
    run_study(study, path, jobs=1)
    pd.testing.assert_frame_equal(rows_of(path), rows)


def test_a_trace_that_cannot_be_read_stops_the_study_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("these are traces\n")
    study = tiny_study("trace=*.md", folder=tmp_path)
    with pytest.raises(InputError, match=r"README\.md"):
        run_study(study, tmp_path / "study.db", jobs=1)
    assert not (tmp_path / "study.db").exists()
    assert not list(tmp_path.glob(".study.db.shared"))


def test_the_trace_of_a_scenario_must_be_the_recorded_one(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "radio.csv", 1e-3)
    recorded = content_hash(load_trace(str(path)))
    scenario = tiny_scenario(trace=TraceChoice(name=str(path), sha256=recorded), duration=1.0)
    run_study(tiny_study("v_on=3V,3.1V", scenario=scenario), tmp_path / "study.db", jobs=1)
    write_trace(path, 2e-3)
    with pytest.raises(InputError, match="has changed since the scenario was written"):
        run_study(tiny_study("v_on=3V,3.1V", scenario=scenario), tmp_path / "again.db", jobs=1)


def test_shared_arrays_are_mapped_and_equal(tmp_path: Path) -> None:
    power = np.random.default_rng(1).random(100_000)
    trace = PowerTrace("mine", PowerSource(power, power + 1.0), step_s=1e-3)
    share(tmp_path, "trace-1", trace)
    found = fetch(tmp_path, "trace-1")
    assert isinstance(found.source, PowerSource)
    assert np.array_equal(found.source.power_w, power)
    assert found.step_s == trace.step_s
    assert _is_mapped(found.source.power_w)
    # Writing to one's own view changes nobody else's.
    found.source.power_w[0] = -1.0
    assert fetch(tmp_path, "trace-1").source.power_w[0] == power[0]
    forget(tmp_path, "trace-1")
    assert fetch(tmp_path, "trace-1") is None
    assert found.source.power_w[1] == power[1]
    assert not list(tmp_path.iterdir())


def test_the_source_of_a_long_trace_is_compiled_once_and_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simint.whatif import point, shared_sources, traces

    write_trace(tmp_path / "long.csv", 1e-3, 20_000)
    vary = ("capacitor=200uF,1mF", "trace=long.csv", "trace.scale=1,2", "v_on=3V,3.2V")
    study = tiny_study(*vary, folder=tmp_path)
    plain = run_study(study, tmp_path / "plain.db", jobs=1).frame.drop(columns="seconds")
    compiled: list[str] = []
    mapped: list[bool] = []

    def counted(trace: PowerTrace, supply: Any) -> Any:
        compiled.append(trace.name)
        return compile_source(trace, supply)

    def seen(*arguments: Any) -> Any:
        found = traces.shared_source(*arguments)
        mapped.append(found is not None and _is_mapped(found[1].values))
        return found

    monkeypatch.setattr(shared_sources, "SHARED_SEGMENTS", 10_000)
    monkeypatch.setattr(traces, "compile_source", counted)
    monkeypatch.setattr(point, "compile_source", counted)
    monkeypatch.setattr(point, "shared_source", seen)
    shared = run_study(study, tmp_path / "shared.db", jobs=1).frame.drop(columns="seconds")
    pd.testing.assert_frame_equal(shared, plain)
    assert compiled == ["long", "long"], "one source for each scale, whatever the threshold"
    assert mapped == [True, True]
    assert not list(tmp_path.glob(".*.shared"))


def test_catalogue_traces_of_many_seeds_differ_and_are_reproduced(tmp_path: Path) -> None:
    scenario = tiny_scenario(trace=TraceChoice(name="rf-walk-by"), duration=30.0)
    study = tiny_study("trace.seed=1:4:4", scenario=scenario)
    found = run_study(study, tmp_path / "study.db", jobs=1).frame["harvested_j"]
    assert found.nunique() == 4
    again = run_study(study, tmp_path / "again.db", jobs=1).frame["harvested_j"]
    assert list(found) == list(again)


def _is_mapped(array: Any) -> bool:
    while array is not None:
        if isinstance(array, np.memmap):
            return True
        array = getattr(array, "base", None)
    return False
