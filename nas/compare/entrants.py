"""Who is compared: the fronts of searches, and the published networks of their data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nas.problem.evaluation import Evaluation, HardwareCosts, Measures
from nas.search.config_file import read_config
from nas.search.families import refuse_other_family
from nas.search.finals import search_front, spread
from nas.search.recipes import JointRecipe, joined
from nas.search.session import CONFIG, STORE, repriced
from nas.search.setup import Prepared, prepare
from nas.search.timing import Seconds
from nas.space.genome import Genome
from nas.store.store import read_records
from simint.errors import InputError, SimintError
from simint.network.catalogue import network_presets


@dataclass(frozen=True, slots=True)
class Entrant:
    """A network with where it comes from, its costs and measures; `published` by others."""

    name: str
    origin: str
    word: str
    published: bool
    costs: HardwareCosts
    measures: Measures


@dataclass(frozen=True)
class SearchFolder:
    """A finished or interrupted search: its parts, and what it evaluated by its own measures."""

    path: Path
    prepared: Prepared
    evaluations: tuple[Evaluation, ...]

    def front(self, most: int) -> list[Evaluation]:
        """At most so many of its front, spread evenly."""
        front = search_front(self.prepared.judged, self.evaluations)
        chosen = set(spread([entry.genome for entry in front], most))
        return [entry for entry in front if entry.genome in chosen]


def open_folders(paths: Sequence[Path]) -> list[SearchFolder]:
    """Read searches; InputError for a folder that is none, and for searches with another target or other replays."""
    folders = [_open(path) for path in paths]
    first = folders[0]
    for other in folders[1:]:
        for name in dict.fromkeys((*_shared(first.prepared), *_shared(other.prepared))):
            if _shared(first.prepared).get(name) != _shared(other.prepared).get(name):
                raise InputError(f"{first.path} and {other.path} cannot be compared: they differ in {name}")
    return folders


def published_words(folder: SearchFolder) -> list[tuple[str, str]]:
    """Name and word of the published networks of the data set of a search and of the kind that it searches."""
    family = folder.prepared.space.word((0,) * len(folder.prepared.space.genes)).split(":")[:2]
    return [(preset.name, preset.word) for preset in network_presets() if preset.word.split(":")[:2] == family]


def published_accuracy(folder: SearchFolder, word: str) -> Measures:
    """The accuracy of a network by the measure of a search; nothing where that cannot have it."""
    recipe = folder.prepared.recipe(folder.path)
    parts = recipe.parts if isinstance(recipe, JointRecipe) else () if recipe is None else (recipe,)
    found = Measures()
    for part in parts:
        if not part.fidelity.startswith("replay"):
            genome = _genome(folder, word)
            try:
                found = joined(found, part.open().measures(genome, word))
            except SimintError:
                continue
    return found


def _genome(folder: SearchFolder, word: str) -> Genome:
    try:
        return folder.prepared.space.genome(word)
    except InputError:
        return ()


def _open(path: Path) -> SearchFolder:
    refuse_other_family(path)
    if not (path / STORE).is_file():
        raise InputError(f"{path}: no search there ({STORE} is missing)")
    prepared = prepare(read_config(path / CONFIG), Seconds())
    recipe = prepared.recipe(path)
    fidelity = "costs" if recipe is None else recipe.fidelity
    evaluations = [record.evaluation for record in read_records(path / STORE) if record.fidelity == fidelity]
    return SearchFolder(path, prepared, repriced(prepared, evaluations))


def _shared(prepared: Prepared) -> dict[str, str]:
    """What has to be the same."""
    own = ("target", "replay", "trace ", "data set")
    return {name: value for name, value in prepared.inputs.items() if name.startswith(own)}
