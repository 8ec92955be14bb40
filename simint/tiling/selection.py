"""Which of two designs is better, and the number that gives a design its place in the enumeration."""

from __future__ import annotations

from typing import Final, NamedTuple

from simint.compiled import compiled
from simint.tiling.geometry import DesignCodes
from simint.tiling.legality import DesignSpace, Sizes

TIE: Final = 1e-12  # latencies this close, relative, are equal (specification 11.4)
_ORDERS: Final = 3
_S_CODES: Final = 1 << 20  # more than any S


class Choice(NamedTuple):
    """The best design so far: smallest latency, among ties the smallest VM, then the first enumerated.

    `least` is the smallest latency seen; `number` that of the design in enumeration order, S included. `unsure`: in a
    chain of near ties, one may have been dropped too soon.
    """

    least: float
    latency: float
    vm: float
    number: int
    unsure: bool


class Axis(NamedTuple):
    """Tile sizes along one axis of the output map, ascending, with their input sizes and trip counts."""

    outputs: Sizes
    inputs: Sizes
    trips: Sizes


@compiled
def choose(best: Choice, latency_s: float, vm: float, number: int) -> Choice:
    """The better of the best design so far and another one."""
    least, unsure = best.least, best.unsure
    if latency_s < least:
        if best.latency > latency_s * (1.0 + TIE):
            return Choice(latency_s, latency_s, vm, number, unsure or least <= latency_s * (1.0 + TIE))
        least = latency_s
    if latency_s <= least * (1.0 + TIE) and (vm < best.vm or (vm == best.vm and number < best.number)):
        return Choice(least, latency_s, vm, number, unsure)
    return Choice(least, best.latency, best.vm, best.number, unsure)


@compiled
def tile_axis(sizes: Sizes, extent: int, kernel: int, stride: int) -> Axis:
    """The tile sizes of one axis of a map of `extent` rows (or columns)."""
    return Axis(sizes, stride * sizes + kernel - stride, (extent + sizes - 1) // sizes)


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
