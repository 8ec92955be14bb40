"""The comparison: every network priced and replayed alike, and who beats whom."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nas.compare.candidates import Candidate, SearchFolder
from nas.compare.folders import open_folders
from nas.compare.ground import Ground, common_ground, costs_on, replayed
from nas.compare.published import published_candidates, with_accuracies
from nas.problem.evaluation import HardwareCosts, Measures


@dataclass(frozen=True, slots=True)
class Entrant:
    """A network with its costs and replays on the common ground; `reason` says why it has no replay."""

    candidate: Candidate
    costs: HardwareCosts
    replay: Measures
    reason: str = ""

    @property
    def name(self) -> str:
        """Unlike that of any other entrant."""
        return self.candidate.name

    @property
    def nvm_bytes(self) -> float:
        """Weights and feature maps."""
        return self.costs.weight_bytes + self.costs.feature_bytes


@dataclass(frozen=True, slots=True)
class Comparison:
    """Published networks first, then those of each folder; where they come from, and what they stand on."""

    folders: tuple[SearchFolder, ...]
    ground: Ground
    entrants: tuple[Entrant, ...]


def compared(
    paths: Sequence[Path],
    most: int,
    platform: str | None = None,
    capacitance: float | None = None,
    resistance: float | None = None,
    show: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """At most `most` networks of the front of every search, what its method returns, and the published ones.

    `show` is told how many of all networks are done, `say` what takes a while before that. Raises InputError as
    `open_folders` and `common_ground`.
    """
    from nas.fitness.replay import prepare_replay

    folders = open_folders(paths, most)
    published = published_candidates(folders)
    candidates = [*published, *(each for folder in folders for each in folder.candidates)]
    ground = common_ground(folders, candidates, platform, capacitance, resistance)
    candidates[: len(published)] = with_accuracies(published, folders, say)
    fitness = prepare_replay(ground.replays.scenarios)
    found = []
    for number, candidate in enumerate(candidates, start=1):
        measures, reason = replayed(fitness, candidate.network)
        found.append(Entrant(candidate, costs_on(ground, candidate.network), measures, reason))
        if show is not None:
            show(number, len(candidates))
    return Comparison(tuple(folders), ground, tuple(found))


def beats(one: Entrant, other: Entrant) -> bool:
    """At least as good in accuracy (where both have one), latency and IMO, and better in one of them."""
    first, second = ((e.costs.latency_s, e.costs.imo_percent, -e.candidate.accuracy_percent) for e in (one, other))
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if not (math.isnan(a) or math.isnan(b))]
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def beaten_by(entrant: Entrant, others: Sequence[Entrant]) -> list[Entrant]:
    """Those that beat it, of the other side: found against published, and the other way round."""
    other_side = [other for other in others if other.candidate.published != entrant.candidate.published]
    return [other for other in other_side if beats(other, entrant)]


def sentences(entrants: Sequence[Entrant]) -> list[str]:
    """What the comparison says, the first thing first."""
    found = [leaders(entrants), verdict(entrants)]
    return found[::-1] if any(entrant.candidate.published for entrant in entrants) else found


def verdict(entrants: Sequence[Entrant]) -> str:
    """How many published networks are beaten, in a sentence."""
    published = [entrant for entrant in entrants if entrant.candidate.published]
    if not published:
        return "no network of this data set and kind was published"
    winners = {entrant.name: beaten_by(entrant, entrants) for entrant in published}
    whole = [each.name for each in published if any(_accurate(each, winner) for winner in winners[each.name])]
    partly = [name for name, those in winners.items() if those and name not in whole]
    rest = [name for name, those in winners.items() if not those]
    networks = "network is" if len(published) == 1 else "networks are"
    return (
        f"{len(whole)} of {len(published)} published {networks} beaten by a found one in accuracy, latency and IMO"
        + (f"; in latency and IMO, accuracies not known: {', '.join(partly)}" if partly else "")
        + (f"; not beaten: {', '.join(rest)}" if rest else "")
    )


def _accurate(one: Entrant, other: Entrant) -> bool:
    """Whether accuracies of both are known."""
    return not any(math.isnan(each.candidate.accuracy_percent) for each in (one, other))


def leaders(entrants: Sequence[Entrant]) -> str:
    """Which network is the best in what, in a sentence."""
    able = [entrant for entrant in entrants if math.isfinite(entrant.costs.latency_s)]
    questions: tuple[tuple[str, Callable[[Entrant], float], Callable[[float], str]], ...] = (
        ("most accurate", lambda e: -e.candidate.accuracy_percent, lambda v: f"{-v:.2f} %"),
        ("least energy", lambda e: e.costs.active_j, lambda v: f"{1e3 * v:.4g} mJ"),
        ("shortest latency", lambda e: e.costs.latency_s, lambda v: f"{v:.4g} s"),
        ("least IMO", lambda e: e.costs.imo_percent, lambda v: f"{v:.4g} %"),
        ("most inferences a day", lambda e: -e.replay.inferences_per_day, lambda v: f"{-v:,.0f}"),
    )
    answers = []
    for question, value, text in questions:
        known = [entrant for entrant in able if not math.isnan(value(entrant))]
        if known and value(best := min(known, key=value)) != 0:  # none leads with no inference at all
            answers.append(f"{question} {best.name} ({text(value(best))})")
    return "; ".join(answers)
