"""Nested repetitions of batches, written as the two-level loops of a schedule."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from simint.tiling.loop_nest.axes import Runs
from simint.tiling.schedule import Loop

T = TypeVar("T")
# A batch (its index) or a sequence of (what, repetitions), of any depth.
Nested: TypeAlias = "int | tuple[tuple[Nested, int], ...]"


def repeat(loop: Runs[T], body: Callable[[T], Nested]) -> Nested:
    """The sequence in which every step of `loop` runs its body.

    Single repetitions are spliced in and equal neighbours joined, so that loops that turn out uniform disappear.
    """
    entries: list[tuple[Nested, int]] = []
    for step, count in loop:
        inner = body(step)
        if isinstance(inner, tuple) and count == 1:
            for entry in inner:
                _append(entries, *entry)
        elif isinstance(inner, tuple) and len(inner) == 1:
            _append(entries, inner[0][0], inner[0][1] * count)
        else:
            _append(entries, inner, count)
    return tuple(entries)


def two_level(sequence: Nested) -> tuple[Loop, ...]:
    """The loops of a sequence; an inner loop becomes one body or is written out, whichever is shorter."""
    loops: list[Loop] = []
    body: list[tuple[int, int]] = []
    for what, count in _entries(sequence):
        if isinstance(what, int):
            body.append((what, count))
            continue
        if body:
            loops.append(Loop(tuple(body), 1))
            body = []
        written_out = two_level(what)
        if _length(what) <= count * sum(len(loop.body) for loop in written_out):
            loops.append(Loop(tuple(_flat(what)), count))
        else:
            loops.extend(written_out * count)
    if body:
        loops.append(Loop(tuple(body), 1))
    return tuple(loops)


def _append(entries: list[tuple[Nested, int]], what: Nested, count: int) -> None:
    if entries and entries[-1][0] == what:
        count += entries.pop()[1]
    entries.append((what, count))


def _entries(sequence: Nested) -> tuple[tuple[Nested, int], ...]:
    return ((sequence, 1),) if isinstance(sequence, int) else sequence


def _length(sequence: Nested) -> int:
    """Number of entries when every loop is written out."""
    return sum(1 if isinstance(what, int) else count * _length(what) for what, count in _entries(sequence))


def _flat(sequence: Nested) -> list[tuple[int, int]]:
    flat: list[tuple[int, int]] = []
    for what, count in _entries(sequence):
        flat += [(what, count)] if isinstance(what, int) else _flat(what) * count
    return flat
