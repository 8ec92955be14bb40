"""Rows of text for people, and numbers as they stand in them; and exact numbers for files that programs read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextTable:
    """Headings and rows of text; the first column is text, the others are numbers."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def aligned(self) -> str:
        """For a terminal."""
        lines = [self.headings, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.headings))]

        def text(line: Sequence[str]) -> str:
            padded = [
                line[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
            ]
            return "  ".join(padded).rstrip()

        return "\n".join(text(line) for line in lines)

    def markdown(self) -> str:
        """For a page."""
        marks = ["---", *["---:"] * (len(self.headings) - 1)]
        lines = [self.headings, marks, *[(f"`{row[0]}`", *row[1:]) for row in self.rows]]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figure(value: float, digits: int = 4) -> str:
    """A number with so many digits, nothing where there is none, a dash where it is infinite."""
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "-"
    # From here on %g would write a power of ten.
    return f"{value:,.{digits}g}" if abs(value) < 10**digits - 0.5 else f"{value:,.0f}"


def exact(number: float) -> str:
    """A number to its last digit, nothing where there is none."""
    return "" if math.isnan(number) else repr(number)


def counted(number: int, noun: str) -> str:
    """`1 network`, `1,200 networks`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
