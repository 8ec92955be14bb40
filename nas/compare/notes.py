"""What a reader of the comparison has to know."""

from __future__ import annotations

from nas.compare.comparing import Comparison
from nas.compare.from_space import SUPERNET
from nas.compare.tables import stochastic


def comparison_title(comparison: Comparison) -> str:
    """Data set, searches, and whether published networks stand beside them."""
    names = ", ".join(folder.label for folder in comparison.folders)
    published = any(entrant.candidate.published for entrant in comparison.entrants)
    return f"{comparison.folders[0].data_set}: {names}{' and published networks' if published else ''}"


def comparison_notes(comparison: Comparison) -> list[str]:
    """Sentences without a stop."""
    notes = [
        *comparison.ground.notes,
        "IMO is a share of active time and falls when work grows: overhead in seconds stands beside it",
        *_accuracy_notes(comparison),
    ]
    if stochastic(comparison.entrants):
        notes.append(
            "stochastic hardware is another machine than the microcontroller: accuracy and SC energy of an sc-nas "
            "network are those of the stochastic hardware; all other columns are what the same network costs on the "
            "microcontroller with 16-bit arithmetic, where its accuracy would be another"
        )
    empty = [folder.label for folder in comparison.folders if not folder.candidates]
    notes += [f"no network is on the front of {label}" for label in empty]
    lost = [entrant for entrant in comparison.entrants if entrant.reason]
    if lost:
        notes.append(f"{len(lost)} could not be replayed, the first, {lost[0].name}, because: {lost[0].reason}")
    return notes


def _accuracy_notes(comparison: Comparison) -> list[str]:
    ways = {e.candidate.accuracy_by.partition(" of ")[0] for e in comparison.entrants if e.candidate.accuracy_by}
    if not ways:
        return []
    note = "accuracies are on validation data"
    if len(ways) > 1:
        note += ", found in several ways (see accuracy by)"
    if len(ways) > 1 and SUPERNET in ways:
        note += ": weights of a supernet rank networks, and are not the accuracy of a network trained on its own"
    return [note]
