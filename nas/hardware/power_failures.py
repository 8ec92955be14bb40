"""What power failures add to a layer executed batch by batch from a capacitor behind a source.

The bench's source harvests while the device works, as in a replay. After a charge to v_on and a boot, work that draws
the constant power p lasts until the voltage is down to v_off; A is the energy the device draws in that time, the charge
and the harvest. A layer has N batches of energy e each; the first one after a boot takes r more to load what was lost.
A power cycle that the layer has for itself gets k = floor((A - r)/e) batches done and loses the rest, w = A - k e. The
cycle in which it begins ends anywhere in a batch, half of which is lost on average. So the layer takes

    power cycles  n = N e / (A - r - e/2)                where that is at most 1
                  n = (N e + r + e/2 - w) / (A - w)      beyond, where whole cycles are its own

Neglected: that batches of a layer differ, and what of a cycle one layer leaves to the next beyond its mean. Against
replay energies are within 11 % and mostly within 2 % (docs/nas/dnas_prices.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from simint.physics.node import direction, flow, time_between
from simint.tiling.published.electrical import ElectricalSettings


@dataclass(frozen=True, slots=True)
class Work:
    """A layer without failures: its batches, energy and time with preservation, and what a batch after a boot adds."""

    batches: int
    energy_j: float
    time_s: float
    reload_j: float


@dataclass(frozen=True, slots=True)
class Failures:
    """Power cycles a layer takes, and energy and time of the work that is lost or loaded again in them."""

    cycles: float
    again_j: float
    again_s: float


def failures(work: Work, settings: ElectricalSettings, boot_j: float, boot_s: float) -> Failures:
    """The failures of a layer; infinite where no batch fits into a power cycle, none where the source carries it."""
    power_w = work.energy_j / work.time_s
    drawn_j = drawn_in_a_cycle(power_w, settings, boot_j, boot_s)
    if math.isinf(drawn_j):
        return Failures(0.0, 0.0, 0.0)
    batch_j = work.energy_j / work.batches
    fitting = math.floor((drawn_j - work.reload_j) / batch_j + 1e-9)  # a batch that fits exactly must not round away
    if fitting < 1:
        return Failures(math.inf, math.inf, math.inf)
    left_j = drawn_j - fitting * batch_j
    shared_j = drawn_j - work.reload_j - batch_j / 2
    cycles = work.energy_j / shared_j
    if cycles > 1:
        cycles = max(1.0, (work.energy_j + work.reload_j + batch_j / 2 - left_j) / (fitting * batch_j))
    again_j = cycles * drawn_j - work.energy_j
    return Failures(cycles, again_j, again_j / power_w)


def drawn_in_a_cycle(power_w: float, settings: ElectricalSettings, boot_j: float, boot_s: float) -> float:
    """Energy that such work draws from the end of a boot at v_on to v_off; infinite where the source carries it."""
    b, d, c = settings.v_supply / settings.resistance, 1.0 / settings.resistance, settings.capacitance
    boot_w = boot_j / boot_s
    rising = direction(settings.v_on, -boot_w, b, d) > 0
    target = math.inf if rising else settings.v_off
    v_begin = flow(settings.v_on, boot_s, target, -boot_w, b, d, c)[1]
    return power_w * float(time_between(v_begin, settings.v_off, -power_w, b, d, c))
