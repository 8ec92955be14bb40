"""One HTML page that holds a whole study: answer, plots, tables, inputs. It refers to nothing outside itself."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from simint.whatif.report.answers import Recommendation
from simint.whatif.report.overview import NONE, Overview, overview_title
from simint.whatif.report.page_style import CSS, SCRIPT
from simint.whatif.report.plates import Plate
from simint.whatif.report.ranking import Ranking

# The policy that browsers enforce: images inside the page, its own style and script, nothing from anywhere else.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class Facts:
    """Where a study comes from: `varied` as name and values in words, `inputs` as name and hash or version.

    `description` is the study as TOML, `commands` what makes study and page again.
    """

    title: str
    subtitle: str
    varied: tuple[tuple[str, str], ...]
    inputs: tuple[tuple[str, str], ...]
    description: str
    commands: str


@dataclass(frozen=True, slots=True)
class Section:
    """A table of the page with its heading and an explanation; a `long` one is folded and scrolls."""

    title: str
    text: str
    table: Ranking
    long: bool = False


def page_html(
    facts: Facts,
    recommendations: Sequence[Recommendation],
    cautions: Sequence[str],
    overview: Overview | None,
    plates: Sequence[Plate],
    sections: Sequence[Section],
) -> str:
    """The page as text; all texts are escaped here."""
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">',
        f"<title>{escape(facts.title)}</title>\n<style>{CSS}</style>\n</head>\n<body>",
        f'<h1>{escape(facts.title)}</h1>\n<p class="sub">{escape(facts.subtitle)}</p>',
        _answer(recommendations[0], cautions),
    ]
    if overview is not None:
        parts.append(_overview(overview, recommendations[0]))
    parts.append("<h2>Plots</h2>" if plates else "")
    parts += [_figure(plate) for plate in plates]
    if len(recommendations) > 1:
        parts.append(_each(recommendations[1:]))
    parts += [_section(section) for section in sections]
    parts.append(_facts(facts))
    parts.append(f"<script>{SCRIPT}</script>\n</body>\n</html>\n")
    return "\n".join(part for part in parts if part)


def _answer(recommendation: Recommendation, cautions: Sequence[str]) -> str:
    advice = recommendation.advice
    kind = "answer" if recommendation.finding.chosen is not None else "answer none"
    lines = [f'<p class="head">{escape(advice.headline)}</p>', *(f"<p>{escape(line)}</p>" for line in advice.because)]
    warned = [f'<p class="caution">{escape(line)}</p>' for line in (*advice.cautions, *cautions)]
    return "\n".join([f'<div class="{kind}">', *lines, *warned, "</div>"])


def _overview(overview: Overview, first: Recommendation) -> str:
    head = "".join(f'<th class="n">{escape(column)}</th>' for column in overview.columns)
    rows = []
    for number, (name, cells) in enumerate(overview.rows):
        body = "".join(f'<td class="n{" none" if cell == NONE else ""}">{escape(cell)}</td>' for cell in cells)
        rows.append(f'<tr{" class=all" if number == 0 else ""}><th scope="row">{escape(name)}</th>{body}</tr>')
    return (
        f"<h2>At a glance</h2>\n<p>{escape(overview_title(first.finding))}; other parameters are free.</p>\n"
        f'<div class="wide"><table><thead><tr><th>{escape(overview.corner)}</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _figure(plate: Plate) -> str:
    data = base64.b64encode(plate.svg.encode()).decode()
    return (
        f'<figure id="{escape(plate.name)}"><div class="wide">'
        f'<img alt="{escape(plate.caption)}" style="width:{100 * plate.width_in:.0f}px" '
        f'src="data:image/svg+xml;base64,{data}"></div>'
        f"<figcaption>{escape(plate.caption)}</figcaption></figure>"
    )


def _each(recommendations: Sequence[Recommendation]) -> str:
    items = []
    for one in recommendations:
        lines = [*one.advice.because, *(f"⚠ {caution}" for caution in one.advice.cautions)]
        more = "".join(f"<br>{escape(line)}" for line in lines)
        items.append(f"<li><strong>{escape(one.advice.headline)}</strong>{more}</li>")
    return f"<h2>One by one</h2>\n<ul>{''.join(items)}</ul>"


def _section(section: Section) -> str:
    table = _table(section.table)
    text = f"<p>{escape(section.text)}</p>"
    if not section.long:
        return f'<h2>{escape(section.title)}</h2>\n{text}\n<div class="wide">{table}</div>'
    summary = f"<summary>{len(section.table.rows):,} rows</summary>"
    folded = f'<details>{summary}{text}<div class="wide tall">{table}</div></details>'
    return f"<h2>{escape(section.title)}</h2>\n{folded}"


def _table(table: Ranking) -> str:
    numeric = [
        all(isinstance(row[k].value, float) or row[k].value == "" for row in table.rows)
        for k in range(len(table.headings))
    ]
    head = "".join(
        f'<th scope="col"{" class=n" if numeric[k] else ""}><button type="button">{escape(heading)}</button></th>'
        for k, heading in enumerate(table.headings)
    )
    rows = []
    for row in table.rows:
        cells = []
        for k, cell in enumerate(row):
            value = repr(cell.value) if isinstance(cell.value, float) else cell.value
            cells.append(f'<td{" class=n" if numeric[k] else ""} data-v="{escape(value)}">{escape(cell.text)}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f'<table class="sortable"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _facts(facts: Facts) -> str:
    varied = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(text)}</td></tr>' for name, text in facts.varied
    )
    inputs = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(text)}</td></tr>' for name, text in facts.inputs
    )
    return (
        f'<h2>Inputs</h2>\n<div class="wide"><table><tbody>{varied}</tbody></table></div>\n'
        "<details><summary>The whole study, base scenario included</summary>"
        f"<pre>{escape(facts.description)}</pre></details>\n"
        f"<details><summary>What the results depend on: versions, and hashes of traces and parts</summary>"
        f'<div class="wide"><table><tbody>{inputs}</tbody></table></div></details>\n'
        f"<h2>To make this again</h2>\n<pre>{escape(facts.commands)}</pre>"
    )
