"""Some of many, evenly: networks of a long front that are replayed, printed or compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def spread(items: Sequence[Item], wanted: int) -> list[Item]:
    """So many of them at even distances, the ends included; the first ones of fewer than two, all where there are few.

    So a front in order of a cost is represented over all of its range.
    """
    if wanted >= len(items):
        return list(items)
    if wanted < 2:
        return list(items[:wanted])
    places = dict.fromkeys(round(k * (len(items) - 1) / (wanted - 1)) for k in range(wanted))
    return [items[place] for place in places]
