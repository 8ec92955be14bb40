"""The comparison as one HTML page that refers to nothing outside itself."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

from nas.search.text_table import TextTable
from simint.whatif.report.page_style import CSS, SCRIPT

# Images inside the page, its own style and script, nothing from anywhere else.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"

_BROAD = "body { max-width: 92rem; }"  # for a table of many columns
_CAPTION = "A line joins the networks of one search that no other of it beats in what the panel shows."


def page_html(
    title: str, said: Sequence[str], notes: Sequence[str], table: TextTable, image: bytes, command: str
) -> str:
    """The page as text; all texts are escaped here."""
    rest = "".join(f"<p>{escape(sentence)}</p>" for sentence in said[1:])
    data = base64.b64encode(image).decode()
    head = "".join(f'<th scope="col"><button type="button">{escape(word)}</button></th>' for word in table.headings)
    rows = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in table.rows)
    return "\n".join(
        (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">',
            f"<title>{escape(title)}</title>\n<style>{CSS}{_BROAD}</style>\n</head>\n<body>",
            f"<h1>{escape(title)}</h1>",
            f'<div class="answer"><p class="head">{escape(said[0])}</p>{rest}</div>',
            f'<figure><div class="wide"><img alt="{escape(title)}" style="width:1300px" '
            f'src="data:image/png;base64,{data}"></div><figcaption>{escape(_CAPTION)}</figcaption></figure>',
            f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in notes)}</ul>",
            f'<div class="wide"><table class="sortable"><thead><tr>{head}</tr></thead>',
            f"<tbody>{rows}</tbody></table></div>",
            f"<h2>To make this again</h2>\n<pre>{escape(command)}</pre>",
            f"<script>{SCRIPT}</script>\n</body>\n</html>\n",
        )
    )


def _cell(text: str) -> str:
    value = text.replace(",", "")
    number = _is_number(value)
    value = value if number else text
    return f'<td{" class=n" if number else ""} data-v="{escape(value)}">{escape(text)}</td>'


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
