"""What is asked once, when nothing is chosen any more: accuracy on test data, of finished points and of the seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from nas.data.data_set import DataSet, open_test
from nas.methods.dnas.config import DnasConfig, point_name
from nas.methods.dnas.result import DnasResult, write_result
from nas.methods.dnas.warm_up import warmed_up
from nas.train.device import torch_threads
from nas.train.evaluate import accuracy_percent
from nas.train.fitting import suited_data
from nas.train.history import EpochRecord
from nas.train.loop import train
from nas.train.model_file import data_of, read_model, trained_model, write_model
from simint.network.catalogue import load_network


def with_test_accuracy(result: DnasResult, data: DataSet, out_dir: Path, threads: int = 1) -> DnasResult:
    """The result with its test accuracy, which is written into its file; one that has it keeps it.

    `data` as its files hold it. InputError where the model was trained on other samples.
    """
    if result.test_accuracy_percent is not None:
        return result
    folder = out_dir / "points" / point_name(result.config)
    accuracy = final_accuracy(folder / "model.pt", data, threads)
    done = msgspec.structs.replace(result, test_accuracy_percent=accuracy)
    write_result(folder / "result.json", done)
    return done


def final_accuracy(path: Path, data: DataSet, threads: int = 1) -> float:
    """Percent of right answers of a model file on the test split of `data` (as its files hold it)."""
    model = read_model(path)
    with torch_threads(threads):
        return accuracy_percent(model.module(), open_test(data_of(model, data, path)))


def seed_model(
    config: DnasConfig,
    data: DataSet,
    out_dir: Path,
    progress: Callable[[EpochRecord], None] | None = None,
    device: str = "cpu",
    threads: int = 1,
) -> Path:
    """The seed with all channels, trained as long as a point: warm-up, then the epochs of search and fine-tuning.

    The rate is that of fine-tuning. Gives the model file; one that is there is left as it is.
    """
    path = out_dir / "seed-network" / f"seed-{config.seed}.pt"
    if path.exists():
        return path
    network = load_network(config.seed_net)
    data = suited_data(data, network)
    warm = warmed_up(config, network, data, out_dir / "warm-up", progress, device, threads)
    epochs = config.settings.epochs + config.settings.fine_tune.epochs
    settings = msgspec.structs.replace(config.settings.fine_tune, seed=config.seed, epochs=epochs)
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = path.with_name(f"{path.stem}-checkpoint.pt")
    tuned = train(warm.module, data.train, data.validation, settings, checkpoint, progress, device, threads)
    write_model(path, trained_model(config.data, data, settings, warm.module, "warm-up of a channel search", tuned))
    checkpoint.unlink(missing_ok=True)
    return path
