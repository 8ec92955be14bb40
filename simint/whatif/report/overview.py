"""The answer at a glance: the smallest design for every environment, with every value of a word that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass

from simint.whatif.report.columns import Better, value_text
from simint.whatif.report.judge import Answer, judge
from simint.whatif.report.recommend import Finding, scopes
from simint.whatif.report.series import value_name
from simint.whatif.report.study import Study
from simint.whatif.report.wording import superlative, where

# More columns than this are no glance.
_MOST = 8
NONE, UNKNOWN = "none", "not known yet"


@dataclass(frozen=True, slots=True)
class Overview:
    """`rows`: name and answers, one for each of `columns`."""

    corner: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def overview_of(study: Study, finding: Finding) -> Overview | None:
    """The overview for the goal and size of a finding; None where there would be a single cell."""
    goal, size = finding.goal, finding.size
    word = next((p for p in study.words if not p.given and len(p.values) <= _MOST), None)
    places = scopes(study)
    if len(places) == 1 and word is None:
        return None
    columns = (size.label,) if word is None else tuple(value_name(word, value) for value in word.values)
    rows = []
    for environment in places:
        judged = judge(study, goal, size, environment)
        cells = []
        for value in (None,) if word is None else word.values:
            own = [one for one in judged if word is None or one.design[word.name] == value]
            good = next((one for one in own if one.answer is Answer.YES and one.cost == one.cost), None)
            unknown = any(one.answer is Answer.UNKNOWN for one in own)
            sign = -1.0 if size.better is Better.HIGH else 1.0
            cells.append(value_text(size, sign * good.cost) if good else UNKNOWN if unknown else NONE)
        name = where(study, environment).removeprefix(" on ").removeprefix("trace ").strip() or "all"
        rows.append((name, tuple(cells)))
    corner = "" if word is None else word.column.label
    return Overview(corner, columns, tuple(rows))


def overview_title(finding: Finding) -> str:
    """What the overview shows, as a heading."""
    end = superlative(finding.size)
    return f"{end} that {finding.goal.words}" if finding.goal.words else end
