"""`python -m nas.train`: folders that can be killed and continued, model files, fine-tuning, mistakes in one line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nas.train.__main__ import main
from simint.database import one_writer
from simint.network.builder import LayerBuilder
from simint.network.json_file import write_network
from simint.network.network import Network

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from nas.data.catalogue import load_data  # noqa: E402
from nas.data.data_set import open_test  # noqa: E402
from nas.train.evaluate import accuracy_percent  # noqa: E402
from nas.train.model_file import read_model  # noqa: E402
from nas.train.run_folder import read_history  # noqa: E402

torch.set_num_threads(1)
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def network_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    builder = LayerBuilder((1, 8, 8))
    x = builder.relu(builder.batch_norm(builder.conv(builder.input, 6, (3, 3), (2, 2), (1, 1, 1, 1))))
    builder.fully_connected(builder.global_average_pool(x), 10, bias=True)
    file = tmp_path_factory.mktemp("network") / "small.json"
    write_network(Network(name="small", layers=tuple(builder.layers)), file)
    return str(file)


def trained(network_file: str, folder: Path, *more: str) -> int:
    return main([network_file, "--data", "digits", "--epochs", "3", "--out", str(folder), *more])


def numbers(folder: Path, seed: int) -> list[tuple[float, ...]]:
    history = read_history(folder / f"seed-{seed}" / "history.csv")
    return [(r.epoch, r.train_loss, r.validation_loss, r.validation_accuracy_percent) for r in history]


def same_model(left: Path, right: Path) -> bool:
    a, b = read_model(left), read_model(right)
    return a.record == b.record and all(torch.equal(a.state[key], b.state[key]) for key in a.state)


def test_seeds_become_models_histories_a_picture_and_accuracies(
    network_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trained(network_file, tmp_path / "a", "--seeds", "2", "--test") == 0
    said = capsys.readouterr().out
    summary = json.loads((tmp_path / "a" / "summary.json").read_text())
    data = load_data("digits")
    for entry in summary["seeds"]:
        folder = tmp_path / "a" / f"seed-{entry['seed']}"
        model = read_model(folder / "model.pt")
        module = model.module()
        assert model.record.settings.seed == entry["seed"]
        assert model.record.class_names == data.class_names
        assert accuracy_percent(module, data.validation) == entry["validation_accuracy_percent"]
        assert accuracy_percent(module, open_test(data)) == entry["test_accuracy_percent"]
        assert len(read_history(folder / "history.csv")) == 3
        assert f"seed {entry['seed']}: validation {entry['validation_accuracy_percent']:.2f} %" in said
        assert not (folder / "checkpoint.pt").exists()
    assert (tmp_path / "a" / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert "2 seeds: validation" in said
    assert numbers(tmp_path / "a", 0) != numbers(tmp_path / "a", 1)


def test_a_finished_folder_is_not_trained_again_but_extended(network_file: str, tmp_path: Path) -> None:
    assert trained(network_file, tmp_path) == 0
    first = (tmp_path / "seed-0" / "model.pt").stat().st_mtime_ns
    assert trained(network_file, tmp_path, "--seeds", "2", "--test") == 0
    assert (tmp_path / "seed-0" / "model.pt").stat().st_mtime_ns == first
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert [entry["seed"] for entry in summary["seeds"]] == [0, 1]
    assert all(entry["test_accuracy_percent"] is not None for entry in summary["seeds"])


@pytest.mark.slow
def test_workers_change_nothing_but_the_time(network_file: str, tmp_path: Path) -> None:
    assert trained(network_file, tmp_path / "one", "--seeds", "2") == 0
    assert trained(network_file, tmp_path / "two", "--seeds", "2", "--workers", "2") == 0
    for seed in (0, 1):
        assert numbers(tmp_path / "one", seed) == numbers(tmp_path / "two", seed)
        assert same_model(*(tmp_path / name / f"seed-{seed}" / "model.pt" for name in ("one", "two")))


def test_killed_and_called_again_ends_as_if_never_killed(network_file: str, tmp_path: Path) -> None:
    words = [network_file, "--data", "digits", "--epochs", "15", "--out"]
    command = [sys.executable, "-m", "nas.train", *words, str(tmp_path / "killed")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    checkpoint = tmp_path / "killed" / "seed-0" / "checkpoint.pt"
    end = time.monotonic() + 120
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert checkpoint.exists()  # it was in the middle
    assert main([*words, str(tmp_path / "killed")]) == 0
    assert main([*words, str(tmp_path / "whole")]) == 0
    assert numbers(tmp_path / "killed", 0) == numbers(tmp_path / "whole", 0)
    assert same_model(tmp_path / "killed" / "seed-0" / "model.pt", tmp_path / "whole" / "seed-0" / "model.pt")


def test_fine_tuning_starts_from_the_model(network_file: str, tmp_path: Path) -> None:
    assert trained(network_file, tmp_path / "start") == 0
    start = tmp_path / "start" / "seed-0" / "model.pt"
    out = tmp_path / "tuned"
    assert main(["--from", str(start), "--epochs", "1", "--learning-rate", "1e-12", "--out", str(out)]) == 0
    before, after = read_model(start), read_model(out / "seed-0" / "model.pt")
    assert after.record.start.startswith(str(start))
    for name, value in before.state.items():
        if "running" not in name and "tracked" not in name:
            torch.testing.assert_close(after.state[name], value)


def test_a_history_without_epochs_is_said_to_be_none(
    network_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trained(network_file, tmp_path) == 0
    history = tmp_path / "seed-0" / "history.csv"
    history.write_bytes(history.read_bytes()[:20])
    capsys.readouterr()
    assert trained(network_file, tmp_path) == 2
    error = capsys.readouterr().err
    assert "history.csv: not a history of a training" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("cut", "model.pt: not a model file of nas.train"),
        ("empty", "model.pt: not a model file of nas.train"),
        ("other seed", "model.pt: a model of another seed than run.json and summary.json"),
        ("other settings", "model.pt: a model of other settings than"),
        ("no history", "history.csv: cannot be read"),
        ("short history", "history.csv: not a history of 3 epochs"),
    ],
)
def test_files_of_a_finished_seed_are_read_before_another_is_trained(
    damage: str, message: str, network_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    assert trained(network_file, folder) == 0
    model, history = folder / "seed-0" / "model.pt", folder / "seed-0" / "history.csv"
    if damage == "cut":
        model.write_bytes(model.read_bytes()[:-500])
    elif damage == "empty":
        model.write_bytes(b"")
    elif damage.startswith("other"):
        other = ["--seed", "1"] if damage == "other seed" else ["--learning-rate", "0.01"]
        assert trained(network_file, tmp_path / "other", *other) == 0
        model.write_bytes(next((tmp_path / "other").glob("seed-*/model.pt")).read_bytes())
    elif damage == "no history":
        history.unlink()
    else:
        history.write_text("".join(history.read_text().splitlines(keepends=True)[:-1]))
    capsys.readouterr()
    assert trained(network_file, folder, "--seeds", "2") == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (folder / "seed-1").exists()


def test_a_folder_in_which_nothing_was_trained_is_free(
    network_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a rate at which training diverges, another one may be tried in the same folder."""
    assert trained(network_file, tmp_path, "--learning-rate", "1e30") == 2
    assert "lower the learning rate" in capsys.readouterr().err
    assert trained(network_file, tmp_path) == 0
    assert trained(network_file, tmp_path, "--learning-rate", "0.01") == 2
    assert "holds a training of other settings" in capsys.readouterr().err


def test_one_process_trains_in_a_folder(network_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trained(network_file, tmp_path) == 0
    with one_writer(tmp_path / "run.json", "training"):
        assert trained(network_file, tmp_path, "--seeds", "2") == 2
    assert "another process is working on this training" in capsys.readouterr().err


def test_a_training_goes_on_where_there_are_fewer_cores(
    network_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trained(network_file, tmp_path) == 0
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert "slower" not in capsys.readouterr().err
    assert trained(network_file, tmp_path, "--threads", "2") == 0
    assert capsys.readouterr().err == "--threads 2: more than the 1 core of this machine, which makes it slower\n"


def test_mistakes_are_one_line(
    network_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trained(network_file, tmp_path / "run") == 0
    model = str(tmp_path / "run" / "seed-0" / "model.pt")
    (tmp_path / "bad.pt").write_bytes(b"no model")
    out = ["--out", str(tmp_path / "other")]
    capsys.readouterr()
    cases = [
        (["tinas-har-l25", "--data", "digits", *out], "reads maps of 9 x 64 x 1, data set 'digits' offers 1 x 8 x 8"),
        ([network_file, *out], "NETWORK and --data say what is trained on what"),
        ([network_file, "--data", "nothing", *out], "got 'nothing'"),
        ([network_file, "--data", "digits", "--seeds", "0", *out], "--seeds: at least 1, got 0"),
        ([network_file, "--data", "digits", "--epochs", "0", *out], "`epochs` must be at least 1"),
        ([network_file, "--data", "digits", "--seed", "-1", *out], "`seed` must be between 0"),
        ([network_file, "--data", "digits", "--threads", "100000", *out], "--threads: at most "),
        (["sc:digits:3x4", "--data", "digits", *out], "`python -m nas.search --method sc-nas` alone"),
        ([network_file, "--data", "digits", "--device", "tpu", *out], "device 'tpu'"),
        (["--from", str(tmp_path / "bad.pt"), *out], "bad.pt: not a model file"),
        (["--from", str(tmp_path / "none.pt"), *out], "none.pt: no such model file"),
        (["tinas-har-l25", "--from", model, *out], "holds network 'small', other layers than 'tinas-har-l25'"),
        ([network_file, "--data", "digits", "--epochs", "4", "--out", str(tmp_path / "run")], "of other settings"),
        ([network_file, "--data", "digits", "--out", str(tmp_path / "bad.pt")], "cannot be made"),
    ]
    for words, expected in cases:
        assert main(words) == 2, words
        said = capsys.readouterr().err
        assert said.startswith("error: ")
        assert said.count("\n") == 1
        assert expected in said
    assert not (tmp_path / "other").exists()
    damaged = torch.load(model, weights_only=True)
    del damaged["state"]["operators.0.weight"]
    torch.save(damaged, tmp_path / "damaged.pt")
    assert main(["--from", str(tmp_path / "damaged.pt"), *out]) == 2
    assert "damaged.pt: a damaged model file" in capsys.readouterr().err
