"""The comparison: every network priced by the kernel and replayed, and who beats whom."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from nas.compare.entrants import Entrant, open_folders, published_accuracy, published_words
from nas.fitness.kernel import kernel_costs
from nas.problem.evaluation import Measures
from nas.search.recipes import ReplayRecipe, joined
from nas.search.tables import TextTable, cells
from simint.errors import SimintError
from simint.network.families import network_from_word

HEADINGS = (
    "network",
    "from",
    "accuracy %",
    "latency s",
    "IMO %",
    "overhead s",
    "energy mJ",
    "power cycles",
    "inferences/day",
    "worst trace",
    "beaten by",
)
PUBLISHED = "published"


def compared(paths: Sequence[Path], most: int) -> list[Entrant]:
    """The published networks, then at most `most` of the front of every search, all judged alike.

    Costs and replays are those of the first search, which the others share; accuracy is by the measure of each search,
    that of published networks by the first one. Raises InputError as `open_folders`.
    """
    folders = open_folders(paths)
    first = folders[0]
    bench = ReplayRecipe(first.prepared.replays.scenarios).open()

    def entrant(name: str, origin: str, word: str, accuracy: Measures, published: bool) -> Entrant:
        costs = kernel_costs(network_from_word(word), *first.prepared.priced_for)
        try:
            measures = joined(bench.measures((), word), accuracy)
        except SimintError:
            measures = accuracy
        return Entrant(name, origin, word, published, costs, measures)

    found = [
        entrant(name, PUBLISHED, word, published_accuracy(first, word), True) for name, word in published_words(first)
    ]
    for folder in folders:
        space = folder.prepared.space
        for number, entry in enumerate(folder.front(most), start=1):
            measured = Measures(accuracy_percent=entry.measures.accuracy_percent)
            word = space.word(entry.genome)
            found.append(entrant(f"{folder.path.resolve().name}-{number}", str(folder.path), word, measured, False))
    return found


def beats(one: Entrant, other: Entrant) -> bool:
    """At least as good in accuracy (where both have one), latency and IMO, and better in one of them."""
    first, second = ((e.costs.latency_s, e.costs.imo_percent, -e.measures.accuracy_percent) for e in (one, other))
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if not (math.isnan(a) or math.isnan(b))]
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def beaten_by(entrant: Entrant, others: Sequence[Entrant]) -> list[Entrant]:
    """Those that beat it, of the other side: found against published, and the other way round."""
    return [other for other in others if other.published != entrant.published and beats(other, entrant)]


def comparison_table(entrants: Sequence[Entrant]) -> TextTable:
    """One row a network."""
    return TextTable(HEADINGS, tuple(_row(entrant, entrants) for entrant in entrants))


def verdict(entrants: Sequence[Entrant]) -> str:
    """How many published networks are beaten, in a sentence."""
    published = [entrant for entrant in entrants if entrant.published]
    if not published:
        return "no network of this data set and kind was published"
    beaten = [entrant.name for entrant in published if beaten_by(entrant, entrants)]
    rest = "" if len(beaten) == len(published) else f"; not beaten: {_names(published, beaten)}"
    known = "accuracy, latency and IMO" if _accuracies_known(entrants) else "latency and IMO (accuracies are not known)"
    return f"{len(beaten)} of {len(published)} published networks are beaten by a found one in {known}{rest}"


def _accuracies_known(entrants: Sequence[Entrant]) -> bool:
    return not any(math.isnan(entrant.measures.accuracy_percent) for entrant in entrants)


def _names(published: Sequence[Entrant], beaten: Sequence[str]) -> str:
    return ", ".join(entrant.name for entrant in published if entrant.name not in beaten)


def _row(entrant: Entrant, everybody: Sequence[Entrant]) -> tuple[str, ...]:
    winners = beaten_by(entrant, everybody)
    by = winners[0].name + (f" and {len(winners) - 1} more" if len(winners) > 1 else "") if winners else ""
    return (
        f"{entrant.name} {entrant.word}" if not entrant.published else entrant.name,
        entrant.origin,
        *cells(entrant.costs, entrant.measures),
        by,
    )
