"""Small searches whose candidates are replayed, and ways to run and compare them."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from nas.problem.evaluation import Evaluation
from nas.search.config import ReplayChoice, SearchConfig
from nas.search.folder import STORE
from nas.search.session import SearchResult, search
from nas.store.record import Record
from nas.store.store import read_records
from simint.errors import InputError
from simint.scenario import TraceChoice
from simint.workers.pool import Where

REPLAY = ReplayChoice(traces=(TraceChoice(name="rf-walk-by"),), duration=60.0)
# The same on the command line.
WORDS = ("--trace", "rf-walk-by", "--duration", "60s")


def replayed_config(**changes: Any) -> SearchConfig:
    fields: dict[str, Any] = {
        "method": "random",
        "objectives": ("inferences-per-day", "macs"),
        "evaluations": 24,
        "finalists": 2,
        "replay": REPLAY,
    }
    return SearchConfig(**{**fields, **changes})


def searched(config: SearchConfig, folder: Path, workers: int = 1) -> SearchResult:
    return search(config, folder, Where(workers))


def archive(result: SearchResult) -> list[tuple[object, ...]]:
    """Everything a search evaluated, in its order, so that NaN equals NaN."""
    return [content(evaluation) for evaluation in result.evaluations]


def content(evaluation: Evaluation) -> tuple[object, ...]:
    return (
        evaluation.genome,
        evaluation.reason,
        repr(dataclasses.astuple(evaluation.costs) + dataclasses.astuple(evaluation.measures)),
    )


def stored(folder: Path) -> dict[tuple[object, str], tuple[object, ...]]:
    """The rows of a search by genome and fidelity, without how long they took."""
    return {(r.evaluation.genome, r.fidelity): content(r.evaluation) for r in _records(folder)}


def search_process(folder: Path, *words: object) -> subprocess.Popen[str]:
    """The command in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "nas.search", *map(str, words), "--out", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_rows(folder: Path, count: int, process: subprocess.Popen[str], patience_s: float = 300.0) -> None:
    """Until so many rows are in the file, or the process has ended."""
    until_s = time.monotonic() + patience_s
    while len(_records(folder)) < count and process.poll() is None:
        assert time.monotonic() < until_s, f"{folder} did not get {count} rows"
        time.sleep(0.02)


def _records(folder: Path) -> list[Record]:
    try:
        return read_records(folder / STORE)
    except InputError:
        return []
