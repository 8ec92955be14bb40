"""A stochastic array written down cycle by cycle, one bit at a time: slow, and nothing of the project in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Table = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Circuit:
    """One array: the words of its configuration, and the numbers its comparators see in every cycle."""

    length: int
    encoding: str
    blocks: int
    accumulator: str
    activations: Table
    weights: Table
    selections: Table


def bit(circuit: Circuit, value: float, numbers: Sequence[int], cycle: int) -> int:
    """The bit of a stream: 0 or 1 by the comparator."""
    if circuit.encoding == "bipolar":
        threshold = round((value + 1) / 2 * circuit.length)
    else:
        threshold = round(abs(value) * circuit.length)
    return 1 if numbers[cycle] < threshold else 0


def product(circuit: Circuit, x: float, w: float, place: int, cycle: int) -> int:
    """XNOR as 1 or -1; AND as 0 or 1 with the sign of the product."""
    a = bit(circuit, x, circuit.activations[min(place, len(circuit.activations) - 1)], cycle)
    b = bit(circuit, w, circuit.weights[min(place, len(circuit.weights) - 1)], cycle)
    if circuit.encoding == "bipolar":
        return 1 if a == b else -1
    if not (a and b):
        return 0
    return -1 if (x < 0) != (w < 0) else 1


def blocks_of(circuit: Circuit, inputs: int) -> list[list[int]]:
    """Consecutive inputs, the first blocks one larger where it does not divide."""
    count = min(circuit.blocks, inputs)
    sizes = [inputs // count + (1 if number < inputs % count else 0) for number in range(count)]
    starts = [sum(sizes[:number]) for number in range(count)]
    return [list(range(start, start + size)) for start, size in zip(starts, sizes, strict=True)]


def cycle_values(circuit: Circuit, x: Sequence[float], w: Sequence[float], cycle: int) -> list[tuple[int, int]]:
    """What every block passes on in a cycle: its positive part and its negative part."""
    found = []
    for number, block in enumerate(blocks_of(circuit, len(x))):
        products = {place: product(circuit, x[place], w[place], place, cycle) for place in block}
        if circuit.accumulator == "mux":
            products = {0: products[circuit.selections[number][cycle]]}
        positive = sum(value == 1 for value in products.values())
        negative = sum(value == -1 for value in products.values())
        if circuit.accumulator == "or":
            positive, negative = min(positive, 1), min(negative, 1)
        found.append((positive, negative))
    return found


def dot_product(circuit: Circuit, x: Sequence[float], w: Sequence[float]) -> float:
    """What the counters say at the end."""
    cycles = [cycle_values(circuit, x, w, cycle) for cycle in range(circuit.length)]
    total = 0.0
    for number, block in enumerate(blocks_of(circuit, len(x))):
        positive = sum(cycle[number][0] for cycle in cycles)
        negative = sum(cycle[number][1] for cycle in cycles)
        if circuit.accumulator == "or":
            total += read(negative, circuit.length, -1) + read(positive, circuit.length, 1)
        else:
            total += (positive - negative) * (len(block) if circuit.accumulator == "mux" else 1) / circuit.length
    return total


def read(ones: int, length: int, sign: int) -> float:
    """The sum behind an OR."""
    return -sign * math.log(1 - min(ones, length - 0.5) / length)


def state_machine(circuit: Circuit, x: Sequence[float], w: Sequence[float], states: int, bias: float) -> float:
    """Bipolar value of the output stream of a saturating counter."""
    state, ones = states / 2, 0
    for cycle in range(circuit.length):
        state += sum(positive - negative for positive, negative in cycle_values(circuit, x, w, cycle)) + bias
        state = min(max(state, 0), states - 1)
        if state >= states / 2:
            ones += 1
    return 2 * ones / circuit.length - 1
