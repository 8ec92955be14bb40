"""The comparison as rows: text for people, exact SI numbers for programs."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from nas.compare.comparing import Comparison, Entrant, beaten_by
from nas.problem.evaluation import COST_NAMES, REPLAY_NAMES
from nas.search.text_table import TextTable, exact, figure

_HEADINGS = (
    "network",
    "method",
    "accuracy %",
    "accuracy by",
    "NVM B",
    "energy mJ",
    "latency s",
    "IMO %",
    "overhead s",
    "power cycles",
    "inferences/day",
    "worst trace",
)
_SC, _BEATEN, _WORD = "SC energy nJ", "beaten by", "word"


def stochastic(entrants: Sequence[Entrant]) -> bool:
    """Whether any network was found with stochastic hardware."""
    return any(not math.isnan(entrant.candidate.sc_energy_j) for entrant in entrants)


def comparison_table(entrants: Sequence[Entrant]) -> TextTable:
    """One row a network, its word last."""
    optional = {_SC: stochastic(entrants), _BEATEN: any(entrant.candidate.published for entrant in entrants)}
    headings = (*_HEADINGS, *(name for name, wanted in optional.items() if wanted), _WORD)
    return TextTable(headings, tuple(_row(entrant, entrants, headings) for entrant in entrants))


def printed_table(table: TextTable) -> str:
    """For a terminal: the words, which may be long, behind columns that stand under each other."""
    numbers = TextTable(table.headings[:-1], tuple(row[:-1] for row in table.rows)).aligned().splitlines()
    width = max(map(len, numbers))
    words = (table.headings[-1], *(row[-1] for row in table.rows))
    return "\n".join(f"{line.ljust(width)}  {word}" for line, word in zip(numbers, words, strict=True))


def write_comparison(path: Path, comparison: Comparison) -> None:
    """CSV with everything that is known, SI units, exact; empty where nothing is."""
    names = ("name", "method", "folder", "word", "on_front", "choice", "accuracy_percent", "accuracy_by")
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        columns = (
            *names,
            *COST_NAMES,
            "overhead_s",
            "imo_percent",
            *REPLAY_NAMES,
            "sc_energy_j",
            "beaten_by",
            "reason",
        )
        writer.writerow(columns)
        for entrant in comparison.entrants:
            own, costs = entrant.candidate, entrant.costs
            winners = beaten_by(entrant, comparison.entrants)
            writer.writerow(
                (
                    own.name,
                    own.method,
                    "" if own.published else own.origin,
                    own.word,
                    "yes" if own.on_front else "",
                    "yes" if own.choice else "",
                    exact(own.accuracy_percent),
                    own.accuracy_by,
                    *(exact(getattr(costs, name)) for name in COST_NAMES),
                    exact(costs.overhead_s),
                    exact(costs.imo_percent),
                    *(exact(getattr(entrant.replay, name)) for name in REPLAY_NAMES),
                    exact(own.sc_energy_j),
                    " ".join(winner.name for winner in winners),
                    entrant.reason,
                )
            )


def _row(entrant: Entrant, everybody: Sequence[Entrant], headings: Sequence[str]) -> tuple[str, ...]:
    own, costs, replay = entrant.candidate, entrant.costs, entrant.replay
    winners = beaten_by(entrant, everybody)
    by = winners[0].name + (f" and {len(winners) - 1} more" if len(winners) > 1 else "") if winners else ""
    return (
        own.name,
        own.method + (", its choice" if own.choice else ""),
        "" if math.isnan(own.accuracy_percent) else f"{own.accuracy_percent:.2f}",
        own.accuracy_by,
        f"{entrant.nvm_bytes:,.0f}",
        figure(1e3 * costs.active_j),
        figure(costs.latency_s),
        figure(costs.imo_percent),
        figure(costs.overhead_s),
        figure(costs.power_cycles),
        figure(replay.inferences_per_day, 5),
        figure(replay.worst_inferences_per_day, 5),
        *([figure(1e9 * own.sc_energy_j)] if _SC in headings else []),
        *([by] if _BEATEN in headings else []),
        own.word,
    )
