"""How large the full space is, and what every contraction rule leaves of it."""

from __future__ import annotations

from dataclasses import dataclass

from nas.methods.sc.options import RULES, all_options
from nas.methods.sc.space import ScSpace
from nas.stochastic.energy import sc_energies


@dataclass(frozen=True, slots=True)
class Contraction:
    """One rule: designs (network and hardware) before and after it."""

    rule: str
    why: str
    before: int
    after: int


def contractions(space: ScSpace) -> list[Contraction]:
    """All rules in their order, from the full space to that of the genes.

    In the full space every layer has hardware of its own; the last layer has no activation.
    """
    options = all_options(space.blocks)
    layers = len(space.kernels) * len(space.channels)
    left = sum(
        (layers * options.count) ** depth * options.of_layer_without_activation for depth in range(1, space.layers + 1)
    )
    found = []
    after = space.networks * options.count
    found.append(Contraction("one-hardware", "all layers have the same hardware, which is built once", left, after))
    for rule in RULES:
        if rule.name in space.rules:
            left = after
            options = rule.keep(options, sc_energies())
            after = space.networks * options.count
            found.append(Contraction(rule.name, rule.why, left, after))
    return found
