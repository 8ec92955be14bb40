"""A recommendation in words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simint.units import format_quantity
from simint.whatif.report.columns import Better, Column, value_text
from simint.whatif.report.goal import Goal
from simint.whatif.report.judge import Judged
from simint.whatif.report.recommend import Finding
from simint.whatif.report.series import value_name
from simint.whatif.report.study import Outcome, Study, numbers_of

# More values than this are counted, not listed.
_LISTED = 4


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
    lead = f"{superlative(finding.size)} that {finding.goal.words}{where(study, finding.environment)}"
    headline = f"{lead}: {value_text(finding.size, _size(finding, chosen))}{_others(study, finding, chosen)}."
    because = []
    if finding.below is not None:
        reason = _reason(study, finding.goal, finding.below)
        because.append(f"Limited {reason} (at {_size_text(finding, finding.below)}, the next smaller one studied).")
    if finding.above is not None and finding.upper is not None:
        reason = _reason(study, finding.goal, finding.above)
        because.append(
            f"It holds up to {_size_text(finding, finding.upper)}; at {_size_text(finding, finding.above)} it is "
            f"limited {reason}."
        )
    cautions = (*_edge_cautions(finding), *_gap_cautions(finding), *_data_cautions(finding))
    return Advice(headline, tuple(because), cautions)


def superlative(size: Column) -> str:
    """`Smallest capacitance`, `Lowest median latency`, `Highest number of inferences per day`."""
    label = size.label[:1].lower() + size.label[1:]
    if size.unit in ("F", "mm3", "ohm"):
        return f"{'Largest' if size.better is Better.HIGH else 'Smallest'} {label}"
    return f"{'Highest' if size.better is Better.HIGH else 'Lowest'} {label}"


def where(study: Study, environment: Mapping[str, Any]) -> str:
    """For which environment an answer holds: ` on every trace`, ` on trace rf-walk-by`; nothing where none varies."""
    given = [parameter for parameter in study.given if len(parameter.values) > 1]
    if not given:
        return ""
    names = [parameter.name.rpartition(".")[2] for parameter in given]
    if not environment:
        return f" on every {' and '.join(names)}" if "trace" in names else f" for every {' and '.join(names)}"
    words = [
        value_name(p, environment[p.name])
        if p.numeric
        else f"{p.name.rpartition('.')[2]} {value_name(p, environment[p.name])}"
        for p in given
    ]
    return f" on {', '.join(words)}"


def design_text(study: Study, design: Mapping[str, Any], but: Sequence[str] = ()) -> str:
    """A design in words, without the parameters named in `but` and those that do not vary."""
    words = []
    for parameter in study.design:
        if parameter.name in but or len(parameter.values) < 2:
            continue
        value = value_text(parameter.column, design[parameter.name])
        words.append(f"{parameter.name.rpartition('.')[2]} {value}")
    return ", ".join(words)


def _others(study: Study, finding: Finding, one: Judged) -> str:
    text = design_text(study, one.design, (finding.size.name,))
    return f" ({text})" if text else ""


def _size(finding: Finding, one: Judged) -> float:
    return -one.cost if finding.size.better is Better.HIGH else one.cost


def _size_text(finding: Finding, one: Judged) -> str:
    return value_text(finding.size, _size(finding, one))


def _reason(study: Study, goal: Goal, one: Judged) -> str:
    """What keeps a design from the goal, in the environment where it is worst: continues "limited"."""
    row = study.frame.iloc[one.worst_row]
    at = where(study, {p.name: row[p.name] for p in study.given})
    outcome = Outcome(row["outcome"])
    if outcome is Outcome.FAILED:
        return f"because the point cannot be run: {str(row['error']).rstrip('.')}"
    if row["verdict"] == "nontermination":
        return f"{_impossible(row)}{at}"
    if row["verdict"] == "never-on":
        return f"because the capacitor is never charged to the turn-on threshold{at}"
    found = []
    for condition in goal.conditions:
        if float(condition.shortfalls(study.frame.iloc[[one.worst_row]])[0]) > 0:
            value = float(numbers_of(study.frame.iloc[[one.worst_row]], condition.column)[0])
            label = condition.column.label[:1].lower() + condition.column.label[1:]
            found.append(f"no {label}" if math.isnan(value) else f"{label} {value_text(condition.column, value)}")
    return f"by {row['limit']}{at}: {' and '.join(found)}"


def _impossible(row: Any) -> str:
    layer, tile = row["nontermination_layer"], row["nontermination_tile"]
    place = f"by tile {int(tile)} of {layer}" if not math.isnan(float(tile)) else f"by {layer}"
    needed, given = (format_quantity(float(row[f"nontermination_{end}_j"]), "J", 3) for end in ("needed", "given"))
    return f"{place}, which can never complete: it needs {needed}, a full charge gives {given},".replace(" uJ", " µJ")


def _nothing(study: Study, finding: Finding) -> Advice:
    text = f"{finding.goal.words}{where(study, finding.environment)}"
    headline = f"No studied design (of {finding.designs:,}) {text}."
    because: tuple[str, ...] = ()
    if finding.nearest is not None:
        text = design_text(study, finding.nearest.design) or "the only one"
        because = (f"Nearest: {text}, limited {_reason(study, finding.goal, finding.nearest)}.",)
    return Advice(headline, because, tuple(_data_cautions(finding)))


def _edge_cautions(finding: Finding) -> list[str]:
    if finding.chosen is None:
        return []
    found = []
    for parameter in finding.edges:
        value = finding.chosen.design[parameter.name]
        low = value == parameter.values[0]
        text = value_text(parameter.column, value)
        end = "lower" if low else "upper"
        if parameter.name == finding.size.name:
            better = "a smaller one" if low else "a larger one"
            found.append(f"{text} lies at the {end} edge of the studied range: {better} may do as well.")
        else:
            label = parameter.column.label[:1].lower() + parameter.column.label[1:]
            found.append(f"The {label} of {text} lies at the {end} edge of the studied range; the best may lie beyond.")
    return found


def _gap_cautions(finding: Finding) -> list[str]:
    if not finding.gaps or finding.upper is None:
        return []
    sizes = [_size_text(finding, one) for one in finding.gaps]
    shown = ", ".join(sizes) if len(sizes) <= _LISTED else f"{len(sizes)} sizes from {sizes[0]} to {sizes[-1]}"
    return [
        f"Not monotone: with everything else alike, {shown} {'does' if len(sizes) == 1 else 'do'} not qualify although "
        f"{_size_text(finding, finding.upper)} does again; look closer there before you rely on the answer."
    ]


def _data_cautions(finding: Finding) -> list[str]:
    """What is missing, and what failed."""
    found = []
    if finding.doubtful:
        them = "1 cheaper design is" if finding.doubtful == 1 else f"{finding.doubtful:,} cheaper designs are"
        if finding.chosen is None:
            them = "1 design is" if finding.doubtful == 1 else f"{finding.doubtful:,} designs are"
        found.append(f"{them} not computed to the end and might qualify.")
    return found


def study_cautions(study: Study) -> tuple[str, ...]:
    """What holds for the study as a whole: points that are missing, points that could not be run and why."""
    found = []
    missing, failed = study.count(Outcome.MISSING), study.count(Outcome.FAILED)
    if missing:
        found.append(f"{missing:,} of {len(study.frame):,} points are not computed yet.")
    if failed:
        errors = Counter(study.frame.loc[study.frame["outcome"] == Outcome.FAILED, "error"])
        reason, times = errors.most_common(1)[0]
        share = "" if times == failed else f" (in {times:,} of them)"
        found.append(f"{failed:,} of {len(study.frame):,} points cannot be run{share}: {str(reason).rstrip('.')}.")
    return tuple(found)
