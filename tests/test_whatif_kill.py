"""Whatever is killed: no finished row is lost, and what is computed afterwards is what would have been."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from deadly_tasks import deadly
from whatif_cases import TINY, children, finished_points, rows_of, tiny_study, wait_for_points, whatif_process

from simint.errors import InputError
from simint.whatif import run_study
from simint.whatif.outcome import Outcome, Task, lost
from simint.whatif.session import resume_study
from simint.whatif.store import study_lock
from simint.workers.dispatch import Dispatcher
from simint.workers.pool import Processes, Where

VARY = ("--vary", "capacitor=100uF:10mF:log:40", "--vary", "trace.scale=1:2:6", "--vary", "policy=tile,none")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The study of `VARY`, run through in one go."""
    path = tmp_path_factory.mktemp("whole") / "whole.db"
    study = tiny_study(*VARY[1::2])
    run_study(study, path, jobs=1)
    return rows_of(path)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_study_loses_no_finished_row(tmp_path: Path, uninterrupted: pd.DataFrame, jobs: int) -> None:
    path, chance = tmp_path / "study.db", random.Random(jobs)
    finished = 0
    for attempt in range(3 if jobs == 1 else 2):
        process = whatif_process(*VARY, *TINY, "--study", path, "--jobs", jobs, folder=tmp_path)
        wait_for_points(path, finished + chance.randrange(1, 100), process)
        time.sleep(0.05 * chance.random())
        reported = finished_points(path)
        workers = children(process.pid) if sys.platform == "linux" else []
        assert process.poll() is None, "the study was over before it was killed"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.communicate()
        survivors = rows_of(path)
        finished = int((survivors["status"] == "done").sum())
        assert finished >= reported, f"attempt {attempt} lost rows"
        done = survivors["status"] == "done"
        pd.testing.assert_frame_equal(survivors[done], uninterrupted[done])
        for worker in workers:
            assert _gone(worker), "a worker outlives the study that was killed"
    state = resume_study(path, Where(jobs))
    assert state.complete
    pd.testing.assert_frame_equal(rows_of(path), uninterrupted)


def test_resuming_computes_only_what_is_missing(tmp_path: Path) -> None:
    study = tiny_study("capacitor=100uF:10mF:log:10")
    path = tmp_path / "study.db"
    before = run_study(study, path, jobs=1).frame
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM results WHERE point IN (3, 7)")
    connection.close()
    after = run_study(study, path, jobs=1).frame
    pd.testing.assert_frame_equal(after.drop(columns="seconds"), before.drop(columns="seconds"))
    # A point that is computed again takes another time, to the nanosecond.
    assert list(after.index[after["seconds"] != before["seconds"]]) == [3, 7]


@pytest.mark.skipif(sys.platform != "linux", reason="finds worker processes in /proc")
def test_a_killed_worker_does_not_end_the_study(tmp_path: Path, uninterrupted: pd.DataFrame) -> None:
    path = tmp_path / "study.db"
    process = whatif_process(*VARY, *TINY, "--study", path, "--jobs", 2, folder=tmp_path)
    for count in (20, 100):
        wait_for_points(path, count, process)
        workers = [child for child in children(process.pid) if "spawn_main" in _command(child)]
        if workers:
            os.kill(workers[0], signal.SIGKILL)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    pd.testing.assert_frame_equal(rows_of(path), uninterrupted)


def test_interrupting_keeps_what_was_done_and_says_how_to_go_on(tmp_path: Path, uninterrupted: pd.DataFrame) -> None:
    path = tmp_path / "study.db"
    process = whatif_process(*VARY, *TINY, "--study", path, "--jobs", 2, folder=tmp_path)
    wait_for_points(path, 30, process)
    # As a terminal does it: to every process of the group.
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"simint whatif --resume {path}" in said
    assert "Traceback" not in said
    assert 30 <= finished_points(path) < len(uninterrupted)
    assert resume_study(path, Where(1)).complete
    pd.testing.assert_frame_equal(rows_of(path), uninterrupted)


def test_a_point_that_kills_its_worker_is_an_error_and_the_others_are_done(tmp_path: Path) -> None:
    words = ["fine"] * 12 + ["always", "once"] + ["fine"] * 12
    tasks = [Task(k, (word,)) for k, word in enumerate(words)]
    pool = Processes(2)
    try:
        dispatcher: Dispatcher[Task, Outcome] = Dispatcher(pool, deadly, (str(tmp_path),), tasks, lost)
        found = {outcome.point: outcome for outcomes in dispatcher.outcomes(0.1) for outcome in outcomes}
    finally:
        pool.close()
    assert sorted(found) == list(range(len(words)))
    for k, word in enumerate(words):
        assert (found[k].metrics is None) == (word == "always")
    assert "worker process died" in found[words.index("always")].error


def test_two_processes_cannot_work_on_one_study(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    with study_lock(path), pytest.raises(InputError, match="is working on this study"):
        run_study(tiny_study("capacitor=1mF,2mF"), path, jobs=1)


def test_the_process_that_works_on_a_study_is_named(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    process = whatif_process(*VARY, *TINY, "--study", path, "--jobs", 1, folder=tmp_path)
    try:
        wait_for_points(path, 1, process)
        with pytest.raises(InputError, match=f"process {process.pid} on"):
            resume_study(path, Where(1))
    finally:
        process.kill()
        process.communicate()
    assert resume_study(path, Where(1)).complete


def _gone(process: int, patience_s: float = 10.0) -> bool:
    until_s = time.monotonic() + patience_s
    while time.monotonic() < until_s:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def _command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
