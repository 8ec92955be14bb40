"""The same study on a dask cluster of separate worker processes, some of which are killed."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from whatif_cases import finished_points, rows_of, tiny_study

from simint.errors import InputError
from simint.whatif import run_study
from simint.workers import cluster
from simint.workers.dispatch import Dispatcher

distributed = pytest.importorskip("distributed", reason="needs the extra `cluster`")

VARY = ("capacitor=100uF:10mF:log:30", "trace.scale=1:2:5", "policy=tile,none")


def test_killed_workers_do_not_lose_a_study(tmp_path: Path) -> None:
    study = tiny_study(*VARY)
    run_study(study, tmp_path / "here.db", jobs=1)
    path = tmp_path / "study.db"
    killed: list[int] = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, protocol="tcp://"
    ) as workers:

        def kill_twice() -> None:
            until_s = time.monotonic() + 120
            while len(killed) < 2 and time.monotonic() < until_s:
                if finished_points(path) > 40 * len(killed):
                    victim = _processes(workers)[len(killed)]
                    os.kill(victim, signal.SIGKILL)
                    killed.append(victim)
                time.sleep(0.01)

        killer = threading.Thread(target=kill_twice, daemon=True)
        killer.start()
        frame = run_study(study, path, cluster=workers.scheduler_address).frame
        killer.join(timeout=5)
    assert len(set(killed)) == 2
    assert frame["status"].eq("done").all()
    pd.testing.assert_frame_equal(rows_of(path), rows_of(tmp_path / "here.db"))


def test_a_scheduler_that_goes_is_said_to_have_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_ANSWER_S", 0.5)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp://"
    ) as workers:
        pool = cluster.Cluster(workers.scheduler_address)
        tasks: Dispatcher[int, int] = Dispatcher(pool, _slowly, (), range(1000), lambda task: -1)
        outcomes = tasks.outcomes(0.1)
        while not next(outcomes):
            pass
        workers.close()
        with pytest.raises(InputError, match="the scheduler has gone; what was finished is kept"):
            assert -1 not in chain.from_iterable(outcomes)
        pool.close()


def _slowly(tasks: tuple[int, ...]) -> list[int]:
    time.sleep(0.02 * len(tasks))
    return list(tasks)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("tcp://127.0.0.1:9", r"tcp://127\.0\.0\.1:9: nobody answers there \("),
        ("127.0.0.1:9", r"127\.0\.0\.1:9: nobody answers there \("),
        ("127.0.0.1", r"127\.0\.0\.1: an address such as tcp://host:8786 expected"),
        ("tcp://host:many", r"tcp://host:many: an address such as"),
    ],
)
def test_a_cluster_that_is_not_there(address: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"--cluster {message}"):
        run_study(tiny_study("capacitor=1mF,2mF"), tmp_path / "study.db", cluster=address)


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-OpenSSH_9.2p1\r\n"])
def test_a_stranger_at_the_address_is_no_scheduler(
    greeting: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_CONNECTION_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: _greet(server, greeting), daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(InputError, match=f"--cluster {address}: no dask scheduler answers there"):
            run_study(tiny_study("capacitor=1mF,2mF"), tmp_path / "study.db", cluster=address)


def test_a_scheduler_without_workers_is_said_to_have_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "_WORKER_S", 0.5)
    study = tiny_study("capacitor=1mF,2mF")
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=None, protocol="tcp://") as empty,
        pytest.raises(InputError, match=r"the scheduler has no worker, nor got one in 0\.5 s"),
    ):
        run_study(study, tmp_path / "study.db", cluster=empty.scheduler_address)
    assert f"waiting for a first worker of {empty.scheduler_address}" in capsys.readouterr().err


def _greet(server: socket.socket, greeting: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.sendall(greeting)
        time.sleep(2)


def _processes(workers: Any) -> list[int]:
    return [nanny.process.process.pid for nanny in workers.workers.values()]
