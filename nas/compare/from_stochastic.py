"""The folder of SC-NAS: the front of its joint search, networks with their stochastic hardware."""

from __future__ import annotations

import csv
from pathlib import Path

import msgspec

from nas.compare.candidates import Candidate, SearchFolder
from nas.methods.sc.space import ScSpace, load_sc_space
from nas.search.folder import CONFIG
from nas.search.spread import spread
from nas.search.stochastic.config import StochasticConfig
from nas.search.stochastic.report import EVALUATIONS, JOINT_STAGE
from simint.config import load_toml
from simint.errors import InputError


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """The columns read of an evaluation."""

    stage: str
    word: str
    on_front: str
    accuracy_percent: str
    energy_j: str


def read_stochastic_folder(path: Path, label: str, most: int) -> SearchFolder:
    """At most `most` designs of the front of accuracy and energy, by energy; InputError where it is not finished."""
    file = path / EVALUATIONS
    config = load_toml(path / CONFIG, StochasticConfig)
    rows = [row for row in _rows(file) if row.stage == JOINT_STAGE and row.on_front]
    if not rows:
        raise InputError(f"{file}: no design is on the front")
    space = load_sc_space(config.space or rows[0].word.split(":")[1])
    rows.sort(key=lambda row: (float(row.energy_j), row.word))
    return SearchFolder(
        path=path,
        label=label,
        method=config.method,
        data_set=config.data or space.data_set,
        candidates=tuple(
            _candidate(path, f"{label}-{number}", config.method, space, row)
            for number, row in enumerate(spread(rows, most), start=1)
        ),
    )


def _candidate(path: Path, name: str, method: str, space: ScSpace, row: _Row) -> Candidate:
    return Candidate(
        name=name,
        origin=str(path),
        method=method,
        word=row.word,
        network=space.network(space.genome(row.word)),
        accuracy_percent=float(row.accuracy_percent),
        accuracy_by="bit-exact",
        on_front=True,
        sc_energy_j=float(row.energy_j),
    )


def _rows(file: Path) -> list[_Row]:
    if not file.is_file():
        raise InputError(f"{file.parent}: {EVALUATIONS} is missing, it comes at the end; go on with the search first")
    with open(file, encoding="utf-8", newline="") as lines:
        try:
            return [msgspec.convert(row, _Row) for row in csv.DictReader(lines)]
        except (msgspec.ValidationError, csv.Error) as error:
            raise InputError(f"{file}: not the evaluations of SC-NAS ({error})") from None
