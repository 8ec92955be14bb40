"""The folder of a training: what was asked for, one folder a seed, and the accuracies.

run.json        network, data, settings: a second call must ask for the same, then it goes on where this one stopped
seed-0/         checkpoint.pt while it trains, then model.pt and history.csv
summary.json    accuracies of all seeds
curve.png       learning curves of all seeds
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from nas.modules.kinds import Activations
from nas.train.history import EpochRecord
from nas.train.settings import TrainSettings
from simint.database import one_writer
from simint.errors import InputError
from simint.files import read_document, replacing
from simint.network.network import Network

RUN_FORMAT = "simint-train/1"
SUMMARY_FORMAT = "simint-train-summary/1"
_T = TypeVar("_T", bound=msgspec.Struct)
_SAME = (
    ("network", "another network"),
    ("activations", "other activations"),
    ("data", "another data set"),
    ("data_sha256", "other samples"),
    ("start", "another start"),
    ("settings", "other settings"),
)


class Run(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is trained, whatever the seed: `settings.seed` says nothing here.

    `start`: `scratch`, or SHA-256 (hex) of the file that the first weights come from.
    """

    format: str = RUN_FORMAT
    network: Network
    activations: Activations
    data: str
    data_folder: str | None
    data_sha256: str
    start: str
    start_file: str | None
    settings: TrainSettings


class SeedResult(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One finished seed; `test_accuracy_percent` is there once it was asked for."""

    seed: int
    best_epoch: int
    validation_accuracy_percent: float
    seconds: float
    test_accuracy_percent: float | None = None


class Summary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All finished seeds in ascending order."""

    format: str = SUMMARY_FORMAT
    network: str
    data: str
    seeds: tuple[SeedResult, ...] = ()


@contextmanager
def held_run(folder: Path, run: Run) -> Iterator[None]:
    """Make the folder this run's, and hold it in this block.

    Raises InputError where it holds what was trained of another run, another process works in it, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror or error})") from None
    file = folder / "run.json"
    with one_writer(file, "training"):
        if file.exists():
            past = read_run(folder)
            # A training that never came to the end of an epoch leaves nothing to mistake for this one.
            begun = any(folder.glob("seed-*/*"))
            for field, what in _SAME:
                if begun and getattr(past, field) != getattr(run, field):
                    raise InputError(f"{folder}: holds a training of {what}; choose another folder")
        _write(file, run)
        yield


def seed_folder(folder: Path, seed: int) -> Path:
    """Where the files of one seed are."""
    place = folder / f"seed-{seed}"
    try:
        place.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"{place}: cannot be made ({error.strerror or error})") from None
    return place


def model_path(folder: Path, seed: int) -> Path:
    """Where the model of a seed is, once it is trained."""
    return folder / f"seed-{seed}" / "model.pt"


def read_summary(folder: Path, run: Run) -> Summary:
    """What is finished so far."""
    file = folder / "summary.json"
    if not file.exists():
        return Summary(network=run.network.name, data=run.data)
    return _decoded(file, Summary, SUMMARY_FORMAT, "summary of a training")


def with_seed(summary: Summary, result: SeedResult) -> Summary:
    """The summary with a seed's result put in, replacing an older one."""
    others = [other for other in summary.seeds if other.seed != result.seed]
    return msgspec.structs.replace(summary, seeds=tuple(sorted([*others, result], key=lambda item: item.seed)))


def write_summary(folder: Path, summary: Summary) -> None:
    """Replace summary.json."""
    _write(folder / "summary.json", summary)


def write_history(file: Path, history: Sequence[EpochRecord]) -> None:
    """Write one row an epoch as CSV."""
    with replacing(file) as draft, open(draft, "w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(EpochRecord.__struct_fields__)
        writer.writerows(msgspec.structs.astuple(record) for record in history)


def read_history(file: Path) -> tuple[EpochRecord, ...]:
    """What `write_history` wrote; InputError where it is missing or damaged."""
    try:
        with open(file, encoding="utf-8", newline="") as text:
            found = tuple(msgspec.convert(row, EpochRecord, strict=False) for row in csv.DictReader(text))
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror or error})") from None
    except (msgspec.ValidationError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file}: not a history of a training ({error})") from None
    if not found:
        raise InputError(f"{file}: not a history of a training (no epoch in it)")
    return found


def read_run(folder: Path) -> Run:
    """What the folder was made for."""
    return _decoded(folder / "run.json", Run, RUN_FORMAT, "description of a training")


def _write(file: Path, content: msgspec.Struct) -> None:
    with replacing(file) as draft:
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")


def _decoded(file: Path, kind: type[_T], form: str, noun: str) -> _T:
    try:
        return msgspec.convert(read_document(file, form, noun), kind)
    except msgspec.ValidationError as error:
        raise InputError(f"{file}: not a {noun} ({error})") from None
