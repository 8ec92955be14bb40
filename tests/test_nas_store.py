"""The store of a search: to the last digit, first come, one writer, and a refusal that names what changed."""

from __future__ import annotations

import math
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.problem.evaluation import COST_NAMES, MEASURE_NAMES, Evaluation, HardwareCosts, Measures
from nas.store.record import Record, record_of, row_of
from nas.store.resume import open_or_create, versions
from nas.store.store import create_store, open_store, read_records
from simint.database import one_writer
from simint.errors import InputError

DESCRIPTION = 'method = "pareto"\nseed = 3\n[limits]\nlatency = 18.5\n'
INPUTS = {"search space": "abc", "trace rf": "def", **versions()}

# SQLite keeps no sign of zero; adding zero takes it away.
numbers = st.floats(allow_nan=True, allow_infinity=True).map(lambda value: value + 0.0)
records = st.builds(
    lambda genome, costs, measures, word, fidelity, seconds, reason: Record(
        Evaluation(tuple(genome), HardwareCosts(*costs), Measures(*measures), reason), word, fidelity, seconds
    ),
    st.lists(st.integers(0, 300), min_size=1, max_size=20),
    st.lists(numbers, min_size=len(COST_NAMES), max_size=len(COST_NAMES)),
    st.lists(numbers, min_size=len(MEASURE_NAMES), max_size=len(MEASURE_NAMES)),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")),
    st.sampled_from(["supernet", "replay-event"]),
    st.floats(0, 1e9).map(lambda value: value + 0.0),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")),
)


def record(genome: tuple[int, ...], accuracy: float = 90.0, fidelity: str = "supernet") -> Record:
    costs = HardwareCosts(*[float(k) for k in range(1, len(COST_NAMES) + 1)])
    return Record(Evaluation(genome, costs, Measures(accuracy_percent=accuracy)), "word", fidelity, 0.5)


@given(record=records)
def test_a_row_gives_its_record_back_to_the_last_digit(record: Record) -> None:
    # repr tells every bit of a float, NaN included, which equals nothing.
    assert repr(record_of(row_of(record))) == repr(record)


@settings(max_examples=20)
@given(found=st.lists(records, max_size=5))
def test_a_file_gives_its_records_back(tmp_path_factory: pytest.TempPathFactory, found: list[Record]) -> None:
    path = tmp_path_factory.mktemp("store") / "search.db"
    with create_store(path, {"description": DESCRIPTION}, INPUTS) as store:
        store.save(found)
        known = {name: store.known(name) for name in ("supernet", "replay-event")}
    first = {(r.fidelity, r.evaluation.genome): r for r in reversed(found)}
    assert {key: repr(r) for key, r in first.items()} == {
        (name, genome): repr(r) for name, part in known.items() for genome, r in part.items()
    }
    assert [repr(r) for r in read_records(path)] == [repr(r) for r in dict.fromkeys(first[key] for key in _keys(found))]


def _keys(found: list[Record]) -> list[tuple[str, tuple[int, ...]]]:
    return list(dict.fromkeys((r.fidelity, r.evaluation.genome) for r in found))


def test_the_first_evaluation_of_a_network_stays(tmp_path: Path) -> None:
    with create_store(tmp_path / "search.db", {}, {}) as store:
        store.save([record((1, 2), 90.0)])
        store.save([record((1, 2), 10.0), record((1, 2), 20.0, "train-5")])
        assert store.known("supernet")[1, 2].evaluation.measures.accuracy_percent == 90.0
        assert store.known("train-5")[1, 2].evaluation.measures.accuracy_percent == 20.0


def test_what_is_saved_can_be_read_while_the_search_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "search.db"
    with create_store(path, {"description": DESCRIPTION}, INPUTS) as store:
        store.save([record((1,))])
        assert len(read_records(path)) == 1
    # Alone again: no log beside it.
    assert [file.name for file in tmp_path.iterdir()] == ["search.db"]


def test_going_on_needs_the_same_search_and_the_same_inputs(tmp_path: Path) -> None:
    path = tmp_path / "search.db"
    with open_or_create(path, DESCRIPTION, INPUTS) as store:
        store.save([record((1,))])
    with open_or_create(path, DESCRIPTION, INPUTS) as store:
        assert (1,) in store.known("supernet")
    for changed, said in (
        ({**INPUTS, "search space": "xyz"}, "search space has changed"),
        ({**INPUTS, "trace lab": "1"}, "trace lab is new"),
        ({name: value for name, value in INPUTS.items() if name != "trace rf"}, "trace rf is gone"),
        ({**INPUTS, "version of numpy": "0.1"}, f"version of numpy was {INPUTS['version of numpy']} and is 0.1"),
    ):
        with pytest.raises(InputError, match=said):
            open_or_create(path, DESCRIPTION, changed)
    for text, said in (
        (DESCRIPTION.replace("3", "4"), "seed: 3 there, 4 here"),
        (DESCRIPTION.replace("18.5", "20.0"), "limits.latency: 18.5 there, 20.0 here"),
        (DESCRIPTION.replace("latency = 18.5", ""), "limits.latency: 18.5 there, nothing here"),
    ):
        with pytest.raises(InputError, match=said):
            open_or_create(path, text, INPUTS)
    # A refusal leaves the file to others.
    with open_or_create(path, DESCRIPTION, INPUTS) as store:
        assert (1,) in store.known("supernet")


def test_a_file_of_another_format_or_of_nothing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "search.db"
    create_store(path, {}, {}).__exit__(None, None, None)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE study SET value = 'simint-search/0' WHERE key = 'format'")
    connection.close()
    with pytest.raises(InputError, match=r"format simint-search/1 but of simint-search/0"):
        open_store(path)
    with pytest.raises(InputError, match=r"format simint-search/1 but of simint-search/0"):
        read_records(path)
    path.write_text("no database")
    with pytest.raises(InputError, match="not a search file"):
        open_store(path)
    with pytest.raises(InputError, match="no such search file"):
        open_store(tmp_path / "nowhere.db")


def test_one_process_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "search.db"
    with (
        one_writer(path, "search"),
        pytest.raises(InputError, match="is working on this search"),
        one_writer(path, "search"),
    ):
        pass


def test_unknown_measures_are_null_for_whoever_reads_with_sql(tmp_path: Path) -> None:
    path = tmp_path / "search.db"
    with create_store(path, {}, {}) as store:
        store.save([record((1,), math.nan)])
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT accuracy_percent, latency_s, genome FROM evaluations").fetchall() == [
        (None, 1.0, "1")
    ]
    connection.close()
