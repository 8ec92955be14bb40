"""What a replay prints and leaves in its folder."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
import warnings
from pathlib import Path

import msgspec
import pandas
import pytest
from matplotlib.image import imread
from report_cases import bench, bursts, replay_of, run_case, supply

import simint.report.write
from simint.engine.workload import Workload
from simint.errors import InputError
from simint.files import appearing_in, require_writable
from simint.replay.case import Replay
from simint.report.plot import close_up, plot_run, time_unit
from simint.report.recorder import OPENING_CYCLES, VoltageRecorder
from simint.report.schema import Summary
from simint.report.summary import summary_data
from simint.report.text import print_summary, summary_lines
from simint.report.write import prepare_folder, write_report
from simint.scenario import read_scenario

FILES = ["inferences.csv", "layers.csv", "power_cycles.csv", "run.png", "scenario.toml", "summary.json"]


def recorded(capacitance: float | None = None, policy: str = "tile", **options) -> tuple[Replay, VoltageRecorder]:
    trace, node, recorder = bench(), supply("thevenin", capacitance), VoltageRecorder()
    run = run_case(trace, node, policy=policy, observers=[recorder], **options)
    return replay_of(run, trace, node, policy, options.get("workload")), recorder


@pytest.fixture(scope="module")
def short() -> tuple[Replay, VoltageRecorder]:
    return recorded(workload=Workload(inferences=3))


def written(folder: Path, replay: Replay, recorder: VoltageRecorder) -> Path:
    write_report(folder, replay, summary_data(replay), recorder)
    return folder


def columns(path: Path) -> dict[str, list[str]]:
    with open(path, newline="", encoding="utf-8") as file:
        names, *rows = csv.reader(file)
    return {name: [row[k] for row in rows] for k, name in enumerate(names)}


def test_folder_holds_everything(tmp_path: Path, short: tuple[Replay, VoltageRecorder]) -> None:
    replay, recorder = short
    folder = written(prepare_folder(tmp_path / "a" / "b"), replay, recorder)
    assert sorted(p.name for p in folder.iterdir() if p.suffix != ".parquet") == FILES
    assert msgspec.json.decode((folder / "summary.json").read_bytes(), type=Summary) == summary_data(replay)
    assert read_scenario(folder / "scenario.toml") == replay.scenario


def test_tables_hold_the_run(tmp_path: Path, short: tuple[Replay, VoltageRecorder]) -> None:
    replay, recorder = short
    folder = written(tmp_path, replay, recorder)
    cycles = columns(folder / "power_cycles.csv")
    assert [float(cell) for cell in cycles["on_s"]] == [cycle.on_s for cycle in replay.run.power_cycles]
    assert [float(cell) for cell in cycles["energy_j"]] == [cycle.energy_j for cycle in replay.run.power_cycles]
    inferences = columns(folder / "inferences.csv")
    assert [float(cell) for cell in inferences["latency_s"]] == [i.latency_s for i in replay.run.inferences]
    assert columns(folder / "layers.csv")["tiles_committed"] == [str(3 * 80)]


def test_parquet_holds_what_csv_holds(tmp_path: Path, short: tuple[Replay, VoltageRecorder]) -> None:
    pytest.importorskip("pyarrow")
    folder = written(tmp_path, *short)
    for name in ("inferences", "power_cycles", "layers"):
        parquet = pandas.read_parquet(folder / f"{name}.parquet")
        csv_columns = columns(folder / f"{name}.csv")
        assert list(parquet.columns) == list(csv_columns)
        for column, cells in csv_columns.items():
            assert cells == ["" if cell is None else str(cell) for cell in parquet[column]]


def test_unfinished_inference_has_empty_cells(tmp_path: Path) -> None:
    replay, recorder = recorded(duration_s=15.0)
    inferences = columns(written(tmp_path, replay, recorder) / "inferences.csv")
    assert inferences["end_s"] == inferences["latency_s"] == [""]
    assert float(inferences["start_s"][0]) > 9.0


@pytest.mark.parametrize("with_run", [True, False])
def test_report_that_fails_leaves_the_folder_as_it_was(
    tmp_path: Path, short: tuple[Replay, VoltageRecorder], monkeypatch: pytest.MonkeyPatch, with_run: bool
) -> None:
    if with_run:
        written(tmp_path, *short)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    other, recorder = recorded(workload=Workload(inferences=1))

    def break_off(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(simint.report.write, "plot_run", break_off)
    with pytest.raises(KeyboardInterrupt):
        written(tmp_path, other, recorder)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_files_appear_whole_and_together(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with appearing_in(tmp_path) as place:
        (place / "a").write_text("new")
        (place / "b").write_text("new")
        assert (tmp_path / "a").read_text() == "old"
        assert not (tmp_path / "b").exists()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "new", "b": "new"}
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666 & ~umask


def test_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match=r"--out .*file"):
            prepare_folder(path)


def test_a_folder_is_tried_without_being_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "locked").mkdir(mode=0o500)
    require_writable(tmp_path)
    require_writable(tmp_path / "new" / "below")
    refused = [tmp_path / "file", tmp_path / "file" / "below"]
    for path in (*refused, *([tmp_path / "locked" / "new"] if os.geteuid() else [])):
        with pytest.raises(InputError, match=rf"{path}: cannot be written \("):
            require_writable(path)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "locked"}


def test_full_disk_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"), appearing_in(tmp_path):
        raise OSError(28, "No space left on device")


def never_on() -> tuple[Replay, VoltageRecorder]:
    trace, node, recorder = bursts(1e-6), supply("boost"), VoltageRecorder()
    return replay_of(run_case(trace, node, observers=[recorder]), trace, node), recorder


def one_cycle() -> tuple[Replay, VoltageRecorder]:
    return recorded(duration_s=14.0)


def ten_thousand_cycles() -> tuple[Replay, VoltageRecorder]:
    return recorded(capacitance=400e-6, duration_s=14_400.0)


@pytest.mark.parametrize(
    ("make", "cycles", "panels"), [(never_on, (0, 0), 1), (one_cycle, (1, 1), 1), (ten_thousand_cycles, (9e3, 2e4), 2)]
)
def test_picture_shows_any_number_of_power_cycles(
    make, cycles: tuple[float, float], panels: int, tmp_path: Path
) -> None:
    replay, recorder = make()
    run = replay.run
    assert cycles[0] <= len(run.power_cycles) <= cycles[1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot_run(tmp_path / "run.png", recorder, run, replay.parts.supply, "title")
    picture = imread(tmp_path / "run.png")
    assert picture.shape == (1080, 1800, 4)
    dark = picture[:, :, :3].max(axis=2) < 0.6
    assert 0.002 < dark.mean() < 0.1  # lines, never a solid block
    assert (close_up(recorder, run) is not None) == (panels == 2)


def test_close_up_ends_at_the_next_turn_on() -> None:
    replay, recorder = ten_thousand_cycles()
    view = close_up(recorder, replay.run)
    assert view is not None
    assert view.stop_s == replay.run.power_cycles[OPENING_CYCLES].on_s
    assert view.start_s < replay.run.first_turn_on_s
    assert view.at(view.zero_s) == 0.0


@pytest.mark.parametrize(
    ("length_s", "unit"), [(0.1, "ms"), (5.0, "s"), (179.0, "s"), (600.0, "min"), (86400.0, "h"), (10 * 86400.0, "d")]
)
def test_time_axis_has_a_unit_people_use(length_s: float, unit: str) -> None:
    assert time_unit(length_s)[0] == unit


@pytest.mark.parametrize(
    "make", [never_on, one_cycle, lambda: recorded(policy="none", workload=Workload(inferences=1))]
)
@pytest.mark.parametrize("width", [60, 80])
def test_text_fits_the_terminal(make, width: int) -> None:
    lines = summary_lines(make()[0], width)
    assert max(len(line.text) for line in lines) <= width
    assert not any(line.text.endswith(" ") for line in lines)


def test_text_begins_with_the_verdict_and_ends_with_the_hint(short: tuple[Replay, VoltageRecorder]) -> None:
    replay = short[0]
    out = io.StringIO()
    print_summary(replay, out)
    text = out.getvalue()
    assert text.startswith("completed: 3 of 3 inferences")
    assert " ".join(text.split()).endswith(summary_data(replay).hint)
    assert "\x1b" not in text
    assert text.isascii()
    assert f"{replay.run.imo_pct:.3g} %" in text
    assert "it loops at its end" in text


def test_terms_that_are_nothing_get_no_row(short: tuple[Replay, VoltageRecorder]) -> None:
    replay = short[0]
    assert replay.run.energy.checkpoint == 0
    labels = [line.text for line in summary_lines(replay)]
    assert not any(label.startswith("checkpoint") for label in labels)
    saved = dataclasses.replace(replay.run, energy=dataclasses.replace(replay.run.energy, checkpoint=0.01))
    labels = [line.text for line in summary_lines(dataclasses.replace(replay, run=saved))]
    assert any(label.startswith("checkpoint") for label in labels)


def test_interrupted_run_is_marked_as_partial() -> None:
    replay, _ = recorded(stop_after=40)
    assert "partial result" in summary_lines(replay)[0].text
