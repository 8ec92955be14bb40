"""A recommendation in words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simint.units import format_quantity
from simint.whatif.report.columns import Better, Column, in_sentence, value_text
from simint.whatif.report.goal import Goal
from simint.whatif.report.judge import Judged
from simint.whatif.report.recommend import Finding
from simint.whatif.report.series import value_name
from simint.whatif.report.study import Outcome, Study, numbers_of

# More values than this are counted, not listed.
_LISTED = 4
_NUMBER = re.compile(r"[-+]?\d[\d.]*(?:e[-+]?\d+)?")
# How `report/limits.py` names what holds a run back, where the name alone does not go on after "limited by".
_LIMITS = {
    "spilled": "energy spilled at the clamp",
    "computing": "the speed of the microcontroller",
    "idle": "nothing but the workload",
    "front end": "losses of the front end",
    "mismatch": "a source away from its maximum power point",
    "quiescent": "quiescent current",
    "regulator": "losses of the regulator",
    "lost work": "work lost at power failures",
    "one tile": "tiles too large for a power cycle",
    "preservation": "the cost of preserving progress",
    "never-on": "a capacitor that never reaches the turn-on threshold",
}


@dataclass(frozen=True, slots=True)
class Advice:
    """`headline`: the answer in a sentence. `because`: what limits it. `cautions`: what weakens it."""

    headline: str
    because: tuple[str, ...]
    cautions: tuple[str, ...]


def advise(study: Study, finding: Finding) -> Advice:
    """Put a finding into words."""
    if finding.chosen is None:
        return _nothing(study, finding)
    chosen = finding.chosen
    that = f" that {finding.goal.words}" if finding.goal.words else ""
    lead = f"{superlative(finding.size)}{that}{where(study, finding.environment)}"
    headline = f"{lead}: {_size(finding, chosen)}{_others(study, finding, chosen)}"
    because = []
    if finding.below is not None:
        headline += _short_limit(study, finding.below)
        at = f"At {_size(finding, finding.below)}, the next smaller one studied,"
        because.append(f"{at} it {_reason(study, finding, finding.below)}.")
    if finding.above is not None and finding.upper is not None:
        up = f"It holds up to {_size(finding, finding.upper)}; at {_size(finding, finding.above)}"
        because.append(f"{up} it {_reason(study, finding, finding.above)}.")
    cautions = (*_edge_cautions(finding), *_gap_cautions(finding), *_data_cautions(finding))
    return Advice(f"{headline}.", tuple(because), cautions)


def superlative(size: Column) -> str:
    """`Smallest capacitance`, `Lowest median latency`, `Highest inferences per day`."""
    if size.unit in ("F", "mm3", "ohm"):
        return f"{'Largest' if size.better is Better.HIGH else 'Smallest'} {in_sentence(size)}"
    return f"{'Highest' if size.better is Better.HIGH else 'Lowest'} {in_sentence(size)}"


def where(study: Study, environment: Mapping[str, Any]) -> str:
    """For which environment an answer holds: ` on every trace`, ` on trace rf-walk-by`; nothing where none varies."""
    given = [parameter for parameter in study.given if len(parameter.values) > 1]
    if not given:
        return ""
    names = [parameter.name.rpartition(".")[2] for parameter in given]
    if not environment:
        return f" on every {' and '.join(names)}" if "trace" in names else f" for every {' and '.join(names)}"
    words = [
        value_name(p, environment[p.name]) if p.numeric else f"{name} {value_name(p, environment[p.name])}"
        for name, p in zip(names, given, strict=True)
    ]
    return f" on {', '.join(words)}"


def design_text(study: Study, design: Mapping[str, Any], but: Sequence[str] = ()) -> str:
    """A design in words, without the parameters named in `but` and those that do not vary."""
    words = []
    for parameter in study.design:
        if parameter.name not in but and len(parameter.values) > 1:
            value = value_text(parameter.column, design[parameter.name])
            words.append(f"{parameter.name.rpartition('.')[2]} {value}")
    return ", ".join(words)


def _others(study: Study, finding: Finding, one: Judged) -> str:
    text = design_text(study, one.design, (finding.size.name,))
    return f" ({text})" if text else ""


def _size(finding: Finding, one: Judged) -> str:
    return value_text(finding.size, -one.cost if finding.size.better is Better.HIGH else one.cost)


def _short_limit(study: Study, one: Judged) -> str:
    """What limits, for the headline; a point that cannot be run explains itself in its own words."""
    row = study.frame.iloc[one.worst_row]
    if Outcome(row["outcome"]) is Outcome.FAILED:
        return ""
    if row["verdict"] == "nontermination":
        return f"; limited by {_impossible_work(row)}"
    return f"; limited by {_LIMITS.get(row['limit'], row['limit'])}"


def _reason(study: Study, finding: Finding, one: Judged) -> str:
    """What keeps a design from the goal in the environment where it is worst, as a predicate."""
    row = study.frame.iloc[[one.worst_row]]
    first = row.iloc[0]
    at = "" if finding.environment else where(study, {p.name: first[p.name] for p in study.given})
    if Outcome(first["outcome"]) is Outcome.FAILED:
        return f"cannot be run: {str(first['error']).rstrip('.')}"
    if first["verdict"] == "nontermination":
        needed, given = (
            format_quantity(float(first[f"nontermination_{end}_j"]), "J", 3) for end in ("needed", "given")
        )
        energies = f"which needs {needed} where a full charge gives {given}".replace(" uJ", " µJ")
        return f"is limited by {_impossible_work(first)}{at}, {energies}"
    limit = _LIMITS.get(first["limit"], first["limit"])
    return f"is limited by {limit}{at}: {_misses(finding.goal, row)}"


def _misses(goal: Goal, row: Any) -> str:
    found = []
    for condition in goal.conditions:
        if float(condition.shortfalls(row)[0]) > 0:
            value = float(numbers_of(row, condition.column)[0])
            shown = "none" if math.isnan(value) else value_text(condition.column, value)
            found.append(f"{in_sentence(condition.column)} {shown}")
    return " and ".join(found) or "it finishes nothing"


def _impossible_work(row: Any) -> str:
    tile = float(row["nontermination_tile"])
    return f"{row['nontermination_layer']}" if math.isnan(tile) else f"tile {tile:.0f} of {row['nontermination_layer']}"


def _nothing(study: Study, finding: Finding) -> Advice:
    text = f"{finding.goal.words or 'finishes anything'}{where(study, finding.environment)}"
    because: tuple[str, ...] = ()
    if finding.nearest is not None:
        nearest = design_text(study, finding.nearest.design) or "the only one"
        because = (f"Nearest comes {nearest}; it {_reason(study, finding, finding.nearest)}.",)
    headline = f"No studied design (of {finding.designs:,}) {text}."
    return Advice(headline, because, tuple(_data_cautions(finding)))


def _edge_cautions(finding: Finding) -> list[str]:
    """The best at the end of the studied range may not be the best there is."""
    if finding.chosen is None:
        return []
    found = []
    for parameter in finding.edges:
        low = finding.chosen.design[parameter.name] == parameter.values[0]
        text = value_text(parameter.column, finding.chosen.design[parameter.name])
        place = f"lies at the {'lower' if low else 'upper'} edge of the studied range"
        if parameter.name == finding.size.name:
            found.append(f"{text} {place}: a {'smaller' if low else 'larger'} one may do as well.")
        else:
            found.append(f"The {in_sentence(parameter.column)} of {text} {place}; the best may lie beyond.")
    return found


def _gap_cautions(finding: Finding) -> list[str]:
    if not finding.gaps or finding.upper is None:
        return []
    sizes = [_size(finding, one) for one in finding.gaps]
    shown = ", ".join(sizes) if len(sizes) <= _LISTED else f"{len(sizes)} sizes from {sizes[0]} to {sizes[-1]}"
    do = "does" if len(sizes) == 1 else "do"
    return [
        f"Not monotone: with everything else alike, {shown} {do} not qualify although {_size(finding, finding.upper)} "
        "does again; look closer there before you rely on the answer."
    ]


def _data_cautions(finding: Finding) -> list[str]:
    if not finding.doubtful:
        return []
    kind = "design" if finding.chosen is None else f"design with a smaller {in_sentence(finding.size)}"
    if finding.doubtful == 1:
        return [f"1 {kind} is not computed on all of them yet and might qualify."]
    return [
        f"{finding.doubtful:,} {kind.replace('design', 'designs')} are not computed on all of them and might qualify."
    ]


def study_cautions(study: Study) -> tuple[str, ...]:
    """What holds for the study as a whole: points that are missing, points that could not be run and why."""
    found = []
    missing, failed = study.count(Outcome.MISSING), study.count(Outcome.FAILED)
    if missing:
        found.append(f"{missing:,} of {len(study.frame):,} points are not computed yet.")
    if failed:
        errors = [str(text) for text in study.frame.loc[study.frame["outcome"] == Outcome.FAILED, "error"]]
        # The same reason comes with other numbers at every point.
        kinds = Counter(_NUMBER.sub("", text) for text in errors)
        kind, times = kinds.most_common(1)[0]
        reason = next(text for text in errors if _NUMBER.sub("", text) == kind)
        share = "" if times == failed else f" ({times:,} of them for a reason like this)"
        found.append(f"{failed:,} of {len(study.frame):,} points cannot be run{share}: {reason.rstrip('.')}.")
    return tuple(found)
