"""The published networks of the kinds that searches looked at."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from nas.compare.candidates import PUBLISHED, Candidate, SearchFolder, kind_of
from nas.search.text_table import counted
from simint.network.catalogue import network_presets
from simint.network.families import network_from_word


def published_candidates(folders: Sequence[SearchFolder]) -> list[Candidate]:
    """Those of the data set and kind of any of the searches, in the order of the catalogue, without accuracies."""
    kinds = {kind for folder in folders for kind in folder.kinds}
    return [
        Candidate(preset.name, PUBLISHED, PUBLISHED, preset.word, network_from_word(preset.word))
        for preset in network_presets()
        if kind_of(preset.word) in kinds
    ]


def with_accuracies(
    candidates: Sequence[Candidate], folders: Sequence[SearchFolder], say: Callable[[str], None]
) -> list[Candidate]:
    """With accuracies by the measure of the first search of their kind that can have them.

    That may train every one of them: `say` is told before.
    """
    first = [next((folder for folder in folders if _measures(folder, candidate)), None) for candidate in candidates]
    for folder in folders:
        if count := sum(each is folder for each in first):
            networks = counted(count, "published network")
            say(f"finding accuracies of {networks} as {folder.label} found its own, by {folder.accuracy_by} ...")
    return [_with_accuracy(candidate, folders) for candidate in candidates]


def _with_accuracy(candidate: Candidate, folders: Sequence[SearchFolder]) -> Candidate:
    for folder in folders:
        if folder.accuracy_of is not None and _measures(folder, candidate):
            accuracy = folder.accuracy_of(candidate.word)
            if not math.isnan(accuracy):
                by = f"{folder.accuracy_by} of {folder.label}"
                return replace(candidate, accuracy_percent=accuracy, accuracy_by=by)
    return candidate


def _measures(folder: SearchFolder, candidate: Candidate) -> bool:
    """Whether a search may measure a network of another origin."""
    return folder.accuracy_of is not None and kind_of(candidate.word) in folder.kinds
