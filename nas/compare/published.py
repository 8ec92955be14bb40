"""The published networks of the kinds that searches looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nas.compare.candidates import PUBLISHED, Candidate, SearchFolder, kind_of
from simint.network.catalogue import NetworkPreset, network_presets
from simint.network.families import network_from_word


def published_candidates(folders: Sequence[SearchFolder]) -> list[Candidate]:
    """Those of the data set and kind of any of the searches, in the order of the catalogue.

    Accuracies are by the measure of the first search of their kind that can have them.
    """
    kinds = {kind for folder in folders for kind in folder.kinds}
    return [_candidate(preset, folders) for preset in network_presets() if kind_of(preset.word) in kinds]


def _candidate(preset: NetworkPreset, folders: Sequence[SearchFolder]) -> Candidate:
    accuracy, by = math.nan, ""
    for folder in folders:
        if folder.accuracy_of is not None and kind_of(preset.word) in folder.kinds:
            accuracy = folder.accuracy_of(preset.word)
            if not math.isnan(accuracy):
                by = f"{folder.accuracy_by} of {folder.label}"
                break
    network = network_from_word(preset.word)
    return Candidate(preset.name, PUBLISHED, PUBLISHED, preset.word, network, accuracy, by)
