"""Which of two designs is better, and the number that gives a design its place in the enumeration.

What is made small is called a design's value: a latency, an energy or a ratio of times, never negative.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from simint.compiled import compiled
from simint.tiling.geometry import DesignCodes
from simint.tiling.legality import DesignSpace

TIE: Final = 1e-12  # values this close, relative, are equal (specification 11.4)
_ORDERS: Final = 3
_S_CODES: Final = 1 << 26  # more than any S: a batch has no more tiles than an output map has positions


class Choice(NamedTuple):
    """The best design so far: smallest value, among ties the smallest VM, then the first enumerated.

    `least` is the smallest value seen; `number` that of the design in enumeration order, S included. `unsure`: in a
    chain of near ties, one may have been dropped too soon.
    """

    least: float
    value: float
    vm: float
    number: int
    unsure: bool


@compiled
def choose(best: Choice, value: float, vm: float, number: int) -> Choice:
    """The better of the best design so far and another one."""
    least, unsure = best.least, best.unsure
    if value < least:
        if best.value > value * (1.0 + TIE):
            return Choice(value, value, vm, number, unsure or least <= value * (1.0 + TIE))
        least = value
    if value <= least * (1.0 + TIE) and (vm < best.vm or (vm == best.vm and number < best.number)):
        return Choice(least, value, vm, number, unsure)
    return Choice(least, best.value, best.vm, best.number, unsure)


@compiled
def design_number(space: DesignSpace, row: int, col: int, m: int, n: int, order: int, s: int) -> int:
    """Place in the enumeration (specification 11.4) of the design at these positions of the lists of legal sizes."""
    tile = ((row * len(space.tc) + col) * len(space.tm) + m) * len(space.tn) + n
    return (tile * _ORDERS + order) * _S_CODES + s


@compiled
def design_of_number(number: int, space: DesignSpace) -> DesignCodes:
    """The design behind a number; all zero for a negative one."""
    if number < 0:
        return DesignCodes(0, 0, 0, 0, 0, 0)
    rest, s = number // _S_CODES, number % _S_CODES
    rest, order = rest // _ORDERS, rest % _ORDERS
    rest, n = rest // len(space.tn), rest % len(space.tn)
    rest, m = rest // len(space.tm), rest % len(space.tm)
    row, col = rest // len(space.tc), rest % len(space.tc)
    return DesignCodes(space.tr[row], space.tc[col], space.tm[m], space.tn[n], order, s)
