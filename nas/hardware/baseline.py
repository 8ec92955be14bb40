"""The networks of iNAS beside those of a search blind to power failures (HW-NAS), pair by pair as published.

A pair is one data set, capacitor and requirement: the network iNAS deployed for it, and the one HW-NAS found at the
same percentile of its own latencies under continuous power. Under intermittent power HW-NAS runs with its own designs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nas.hardware.deployed import DeployedNetwork, deployed_networks, deployed_target
from nas.hardware.designs import DesignedRun, chosen_designs, continuous_designs, reoptimised, run_designs
from nas.space.target import Target, retargeted
from simint.network.catalogue import load_network
from simint.network.network import Network


@dataclass(frozen=True, slots=True)
class Rivals:
    """What two networks cost at the same share of the stored energy that a power cycle may use.

    `inas`: with the designs it was deployed with. `blind`: HW-NAS as deployed, not `safe` where some batch needs more
    than one charge. `inas_blind`: iNAS with designs for continuous power. `inas_anew_s`, `blind_anew_s`: latencies with
    the best designs for this share.
    """

    inas: DesignedRun
    blind: DesignedRun
    inas_blind: DesignedRun
    inas_anew_s: float
    blind_anew_s: float


@dataclass(frozen=True, slots=True)
class Pair(Rivals):
    """Two published networks."""

    network: DeployedNetwork
    baseline: DeployedNetwork

    @property
    def meets_anew(self) -> bool:
        """Whether the HW-NAS network with its designs chosen anew meets the requirement of iNAS."""
        return self.blind_anew_s <= self.network.requirement


def published_pairs(margin: float) -> tuple[Pair, ...]:
    """All 27 pairs where a power cycle may use that share of the stored energy: 0.55 as searched, 1.0 for all of it."""
    networks = deployed_networks()
    found = []
    for network in networks:
        if network.capacitance is None:
            continue
        baseline = next(
            other
            for other in networks
            if other.capacitance is None and (other.space, other.percentile) == (network.space, network.percentile)
        )
        found.append(_pair(network, baseline, margin))
    return tuple(found)


def mean_reduction(latencies: Sequence[float], references: Sequence[float]) -> float:
    """Mean of 1 - latency / reference over the pairs where both are finite; NaN where there are none."""
    shares = [
        1.0 - latency / reference
        for latency, reference in zip(latencies, references, strict=True)
        if math.isfinite(latency) and math.isfinite(reference)
    ]
    return math.fsum(shares) / len(shares) if shares else math.nan


def rivals(found: Network, blind: Network, searched_for: Target, margin: float) -> Rivals:
    """A network with the designs found for a target, and one that a search blind to power failures deploys.

    Both under the intermittent power of that target where a power cycle may use the share `margin` of the energy.
    """
    target = retargeted(searched_for, margin=margin)
    return Rivals(
        run_designs(found, chosen_designs(reoptimised(found, searched_for)), target),
        run_designs(blind, continuous_designs(blind, target), target),
        run_designs(found, continuous_designs(found, target), target),
        reoptimised(found, target).latency_s,
        reoptimised(blind, target).latency_s,
    )


def _pair(network: DeployedNetwork, baseline: DeployedNetwork, margin: float) -> Pair:
    both = rivals(load_network(network.name), load_network(baseline.name), deployed_target(network), margin)
    runs = (both.inas, both.blind, both.inas_blind, both.inas_anew_s, both.blind_anew_s)
    return Pair(*runs, network, baseline)
