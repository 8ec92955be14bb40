"""The same study on a dask cluster of separate worker processes, some of which are killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from whatif_cases import finished_points, rows_of, tiny_study

from simint.errors import InputError
from simint.whatif import run_study

distributed = pytest.importorskip("distributed", reason="needs the extra `cluster`")

VARY = ("capacitor=100uF:10mF:log:30", "trace.scale=1:2:5", "policy=tile,none")


def test_killed_workers_do_not_lose_a_study(tmp_path: Path) -> None:
    study = tiny_study(*VARY)
    run_study(study, tmp_path / "here.db", jobs=1)
    path = tmp_path / "study.db"
    killed: list[int] = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, protocol="tcp://"
    ) as cluster:

        def kill_twice() -> None:
            until_s = time.monotonic() + 120
            while len(killed) < 2 and time.monotonic() < until_s:
                if finished_points(path) > 40 * len(killed):
                    victim = _processes(cluster)[len(killed)]
                    os.kill(victim, signal.SIGKILL)
                    killed.append(victim)
                time.sleep(0.01)

        killer = threading.Thread(target=kill_twice, daemon=True)
        killer.start()
        frame = run_study(study, path, cluster=cluster.scheduler_address).frame
        killer.join(timeout=5)
    assert len(set(killed)) == 2
    assert frame["status"].eq("done").all()
    pd.testing.assert_frame_equal(rows_of(path), rows_of(tmp_path / "here.db"))


def test_a_cluster_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from simint.workers import cluster

    monkeypatch.setattr(cluster, "_PATIENCE_S", 0.5)
    with pytest.raises(InputError, match=r"--cluster tcp://127\.0\.0\.1:9"):
        run_study(tiny_study("capacitor=1mF,2mF"), tmp_path / "study.db", cluster="tcp://127.0.0.1:9")


def _processes(cluster: Any) -> list[int]:
    return [nanny.process.process.pid for nanny in cluster.workers.values()]
