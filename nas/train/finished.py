"""The files of finished seeds, read before anything goes on beside them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from nas.train.model_file import read_model
from nas.train.run_folder import Run, SeedResult, model_path, read_history
from simint.errors import InputError


def check_finished(folder: Path, run: Run, result: SeedResult) -> None:
    """Raise InputError unless model and history of a seed are whole and those that `summary.json` tells of."""
    path = model_path(folder, result.seed)
    model = read_model(path)
    record, settings = model.record, msgspec.structs.replace(run.settings, seed=result.seed)
    pairs = (
        ("another network", model.network, run.network),
        ("other activations", record.activations, run.activations),
        ("other samples", record.data_sha256, run.data_sha256),
        ("another seed", record.settings.seed, result.seed),
        ("other settings", record.settings, settings),
        ("another epoch", record.best_epoch, result.best_epoch),
        ("another accuracy", record.validation_accuracy_percent, result.validation_accuracy_percent),
    )
    for what, found, expected in pairs:
        if found != expected:
            raise InputError(
                f"{path}: a model of {what} than run.json and summary.json of {folder} say; put the file back that "
                "belongs there, or remove it to train this seed again"
            )
    history = path.with_name("history.csv")
    if len(read_history(history)) != run.settings.epochs:
        raise InputError(f"{history}: not a history of {run.settings.epochs} epochs as run.json says")
