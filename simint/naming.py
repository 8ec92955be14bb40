"""What an error says about the names there are: all of a few, the nearest of many."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# Chosen: what fits two lines of a terminal.
_FEW, _NEAR = 15, 5


def listing(names: Iterable[str], asked: str, listed_by: str = "") -> str:
    """`known: a, b, c`; of more than 15 names those most like `asked` first, the others where no command lists them.

    `listed_by`: that command, if there is one.
    """
    every = list(names)
    if len(every) <= _FEW:
        return f"known: {', '.join(every)}"
    near = difflib.get_close_matches(asked, every, n=_NEAR)
    near += [name for name in every if asked and asked in name and name not in near][: _NEAR - len(near)]
    if not listed_by:
        return f"known: {', '.join(dict.fromkeys((*near, *every)))}"
    if near:
        return f"nearest: {', '.join(near)}; all {len(every)}: `{listed_by}`"
    return f"{len(every)} are known (`{listed_by}` lists them), such as {', '.join(every[:_NEAR])}"
