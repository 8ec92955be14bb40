"""Tasks of any kind on pools of any kind: every task has one outcome, whatever happens to the workers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worker_tasks import die_at, refuse, squares

from simint.workers.dispatch import Dispatcher
from simint.workers.pool import Here, Pool, Processes, Where, make_pool

Found = tuple[int, int]
LOST = -1


def lost(task: int) -> Found:
    return task, LOST


def outcomes(dispatcher: Dispatcher[int, Found]) -> list[Found]:
    return [outcome for some in dispatcher.outcomes(0.1) for outcome in some]


@given(st.lists(st.integers(0, 1000), max_size=600))
def test_every_task_is_handed_out_and_answered_once(tasks: list[int]) -> None:
    begun: list[int] = []
    found = outcomes(Dispatcher(Here(), squares, (5,), tasks, lost, begun.extend))
    assert begun == tasks
    assert found == squares(5, tuple(tasks))


def test_processes_answer_as_this_process_does() -> None:
    tasks = list(range(2000))
    pool = make_pool(Where(jobs=2), len(tasks))
    try:
        assert pool.width == 2
        # A pool serves one set of tasks after the other, as the generations of a search.
        for offset in (0, 1):
            found = outcomes(Dispatcher(pool, squares, (offset,), tasks, lost))
            assert sorted(found) == squares(offset, tuple(tasks))
    finally:
        pool.close()


@pytest.mark.parametrize(("often", "answer"), [(1, 49), (100, LOST)])
def test_a_task_that_kills_its_worker_is_found_and_the_others_are_done(tmp_path: Path, often: int, answer: int) -> None:
    pool = Processes(2)
    try:
        found = dict(outcomes(Dispatcher(pool, die_at, (7, str(tmp_path), often), range(40), lost)))
    finally:
        pool.close()
    assert found == {task: answer if task == 7 else task * task for task in range(40)}


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_a_function_raises_comes_out(jobs: int) -> None:
    pool: Pool = make_pool(Where(jobs=jobs), 10)
    try:
        with pytest.raises(ValueError, match=r"no [0-9]"):
            outcomes(Dispatcher(pool, refuse, (), range(10), lost))
    finally:
        pool.close()


def test_a_pool_is_no_wider_than_its_tasks() -> None:
    pool = make_pool(Where(jobs=8), 1)
    assert pool.width == 1
    pool.close()
