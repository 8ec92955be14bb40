"""Small studies, and ways to run and compare them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
from replay_runs import SMALL_NETWORK

from simint.engine.engines import EngineChoice
from simint.scenario import Scenario, TraceChoice
from simint.whatif import Study, load_study, parse_variation
from simint.whatif.study import Hold, Sampling

# One point of it takes some milliseconds, which leaves time to kill what computes it.
TINY = ("--network", SMALL_NETWORK, "--trace", "constant-1mw", "--duration", "2s", "--design", "held")
TINY = (*TINY, "--engine", "event")


def tiny_scenario(**changes: Any) -> Scenario:
    fields: dict[str, Any] = {"trace": TraceChoice(name="constant-1mw"), "network": SMALL_NETWORK, "duration": 2.0}
    return Scenario(**{**fields, "engine": EngineChoice.EVENT, **changes})


def tiny_study(
    *vary: str,
    scenario: Scenario | None = None,
    sampling: Sampling = Sampling(),  # noqa: B008  # frozen
    hold: Hold | None = None,
    held: bool = True,
    folder: Path = Path(),
) -> Study:
    return Study(
        scenario or tiny_scenario(),
        tuple(parse_variation(text, folder) for text in vary),
        sampling=sampling,
        hold=hold,
        held=held,
        folder=folder,
    )


def rows_of(path: Path) -> pd.DataFrame:
    """The points of a study file; how long each took is left out."""
    return load_study(path).frame.drop(columns="seconds")


def whatif_process(*arguments: object, folder: Path) -> subprocess.Popen[str]:
    """The command in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "simint.whatif", *map(str, arguments)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finished_points(path: Path) -> int:
    """Rows of a study file that another process writes; 0 before there is one."""
    if not path.is_file():
        return 0
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("SELECT count(*) FROM results").fetchone()[0])
    finally:
        connection.close()


def wait_for_points(path: Path, count: int, process: subprocess.Popen[str], patience_s: float = 300.0) -> None:
    """Until so many points are in the file, or the process has ended."""
    until_s = time.monotonic() + patience_s
    while finished_points(path) < count and process.poll() is None:
        assert time.monotonic() < until_s, f"{path} did not get {count} points"
        time.sleep(0.01)


def children(process: int) -> list[int]:
    """Direct children of a process (Linux)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            if int(stat.rpartition(")")[2].split()[1]) == process:
                found.append(int(entry.name))
    return found
