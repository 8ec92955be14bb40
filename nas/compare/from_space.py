"""The folder of a method over a search space: its store, and the front by its own objectives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from nas.compare.candidates import Candidate, SearchFolder, kind_of
from nas.methods.driving import drive
from nas.problem.evaluation import Evaluation
from nas.search.config import OWN_METHODS
from nas.search.config_file import read_config
from nas.search.finals import search_front
from nas.search.folder import CONFIG, STORE
from nas.search.methods import begin_method, method_choice
from nas.search.recipes import JointRecipe
from nas.search.session import repriced
from nas.search.setup import Prepared, prepare
from nas.search.spread import spread
from nas.search.text_table import counted
from nas.search.timing import Seconds
from nas.space.genome import Genome
from nas.store.store import read_records
from simint.errors import InputError, SimintError
from simint.network.families import network_from_word

SUPERNET = "supernet"  # how an accuracy was found


def read_space_folder(path: Path, label: str, most: int) -> SearchFolder:
    """At most `most` networks of the front, spread evenly, and the one the method returns; finished or not.

    Raises InputError where there is no search, or where what it names is no longer found.
    """
    if not (path / STORE).is_file():
        raise InputError(f"{path}: no search there ({STORE} is missing)")
    prepared = prepare(read_config(path / CONFIG), Seconds())
    recipe = prepared.recipe(path)
    fidelity = "costs" if recipe is None else recipe.fidelity
    seen = [record.evaluation for record in read_records(path / STORE) if record.fidelity == fidelity]
    space, by = prepared.space, _accuracy_by(prepared)
    [data_sha256] = [value for name, value in prepared.inputs.items() if name.startswith("data set")] or [""]
    return SearchFolder(
        path=path,
        label=label,
        method=prepared.config.method,
        data_set=prepared.config.data or space.data_set,
        candidates=_candidates(path, label, prepared, seen, by, most),
        kinds=(kind_of(space.word((0,) * len(space.genes))),),
        data_sha256=data_sha256,
        target=prepared.target,
        replay=prepared.config.replay,
        accuracy_by=by,
        accuracy_of=partial(_accuracy_of, prepared, path) if by else None,
    )


def _candidates(
    path: Path, label: str, prepared: Prepared, seen: Sequence[Evaluation], by: str, most: int
) -> tuple[Candidate, ...]:
    judged = repriced(prepared, seen)
    front = search_front(prepared.judged, judged)
    on_front = {entry.genome for entry in front}
    choice = _choice(prepared, seen)
    shown = {*spread([entry.genome for entry in front], most), *([] if choice is None else [choice])}
    space = prepared.space
    kept = sorted(
        (entry for entry in judged if entry.genome in shown),
        key=lambda entry: (entry.costs.latency_s, entry.genome),
    )
    return tuple(
        Candidate(
            name=f"{label}-{number}",
            origin=str(path),
            method=prepared.config.method,
            word=(word := space.word(entry.genome)),
            network=network_from_word(word),
            accuracy_percent=entry.measures.accuracy_percent,
            accuracy_by="" if math.isnan(entry.measures.accuracy_percent) else by,
            on_front=entry.genome in on_front,
            choice=entry.genome == choice,
        )
        for number, entry in enumerate(kept, start=1)
    )


def _choice(prepared: Prepared, seen: Sequence[Evaluation]) -> Genome | None:
    """What the method returns: it is run again over what it asked, which costs no measure; None if it has not ended."""
    if prepared.config.method in OWN_METHODS:
        return None
    known = {entry.genome: entry for entry in seen}

    def measure(genomes: Sequence[Genome]) -> list[Evaluation]:
        if any(genome not in known for genome in genomes):
            raise _NotEndedError
        return [known[genome] for genome in genomes]

    try:
        asked = drive(begin_method(prepared.config, prepared.problem).search, measure)
    except (_NotEndedError, InputError):
        return None
    found = method_choice(prepared.config, prepared.problem, asked)
    return None if found is None else found.genome


class _NotEndedError(Exception):
    """A search asks for what it has not measured."""


def _accuracy_by(prepared: Prepared) -> str:
    if prepared.supernet is not None:
        return SUPERNET
    return "" if prepared.training is None else f"training, {counted(prepared.training.epochs, 'epoch')}"


def _accuracy_of(prepared: Prepared, path: Path, word: str) -> float:
    """The accuracy of any network by the measure of a search; NaN where that cannot have it."""
    recipe = prepared.recipe(path)
    for part in recipe.parts if isinstance(recipe, JointRecipe) else () if recipe is None else (recipe,):
        if not part.fidelity.startswith("replay"):
            try:
                return part.open().measures(_genome(prepared, word), word).accuracy_percent
            except SimintError:
                continue
    return math.nan


def _genome(prepared: Prepared, word: str) -> Genome:
    try:
        return prepared.space.genome(word)
    except InputError:
        return ()
