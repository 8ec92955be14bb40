"""The folder of `--out`: everything about one replay, each file complete or absent."""

from __future__ import annotations

import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from simint.errors import InputError
from simint.files import appearing_in
from simint.report.plot import plot_run, run_title
from simint.report.summary import summary_json
from simint.report.tables import inference_table, layer_table, power_cycle_table, write_csv, write_parquet
from simint.scenario import scenario_toml

if TYPE_CHECKING:
    from simint.replay.case import Replay
    from simint.report.recorder import VoltageRecorder
    from simint.report.schema import Summary


def prepare_folder(path: Path) -> Path:
    """Make the folder, before a run whose result would have no place to go.

    Raises InputError where `path` is a file or cannot be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"--out {path}: is or lies under a file; a folder is needed") from None
    except OSError as error:
        raise InputError(f"--out {path}: cannot be written ({error.strerror})") from None


def write_report(folder: Path, replay: Replay, summary: Summary, recorder: VoltageRecorder) -> None:
    """Write summary.json, the tables, the plot run.png and scenario.toml, which reproduces the run.

    The tables inferences, power_cycles and layers are CSV, which everything reads; where pyarrow is installed they are
    there as Parquet too, which keeps the types. A second run replaces the files of the first.
    """
    run = replay.run
    tables = {
        "inferences": inference_table(run.inferences),
        "power_cycles": power_cycle_table(run.power_cycles),
        "layers": layer_table(run.layers, replay.designs),
    }
    with_parquet = find_spec("pyarrow") is not None
    with appearing_in(folder) as place:
        for name, table in tables.items():
            write_csv(table, place / f"{name}.csv")
            if with_parquet:
                write_parquet(table, place / f"{name}.parquet")
        plot_run(place / "run.png", recorder, run, replay.parts.supply, run_title(summary))
        (place / "scenario.toml").write_text(scenario_toml(replay.scenario), encoding="utf-8")
        (place / "summary.json").write_text(summary_json(summary) + "\n", encoding="utf-8")
