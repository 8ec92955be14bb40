"""What a design costs, from shapes alone: the hardware model of SC-NAS and that of its floating-point baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nas.methods.sc.space import ScSpace
from nas.problem.evaluation import HardwareCosts
from nas.space.genome import Genome
from nas.stochastic.config import ScConfig
from nas.stochastic.energy import ScEnergies, float32_energy, network_cycles, network_energy
from simint.network.layer import WEIGHTED
from simint.network.network import Network

_FLOAT32_BITS = 32


@dataclass(frozen=True, slots=True)
class ScHardware:
    """Stochastic hardware under power that never fails: no recharging, no power cycles, latency is cycles by clock.

    Energy is that of `nas.stochastic.energy`. Weights and maps are stored as thresholds with a sign.
    """

    space: ScSpace
    energies: ScEnergies

    def costs(self, genomes: Sequence[Genome]) -> list[HardwareCosts]:
        """Costs of every genome."""
        found = []
        for genome in genomes:
            network, config = self.space.network(genome), self.space.config(genome)
            seconds = network_cycles(network, config) / self.energies.clock
            energy = network_energy(network, config, self.energies)
            found.append(_costs(network, seconds, energy, _stored_bits(config)))
        return found


@dataclass(frozen=True, slots=True)
class FloatHardware:
    """One floating-point multiply-add a cycle of the same clock, whatever the hardware genes say."""

    space: ScSpace
    energies: ScEnergies

    def costs(self, genomes: Sequence[Genome]) -> list[HardwareCosts]:
        """Costs of every genome."""
        found = []
        for genome in genomes:
            network = self.space.network(genome)
            seconds = network.macs / self.energies.clock
            found.append(_costs(network, seconds, float32_energy(network, self.energies), _FLOAT32_BITS))
        return found


def _costs(network: Network, seconds: float, energy_j: float, bits: int) -> HardwareCosts:
    weights = sum(layer.weights for layer in network.layers if layer.kind in WEIGHTED)  # batch norms are folded
    features = max(
        layer.ifm[0] * layer.ifm[1] * layer.ifm[2] + layer.ofm[0] * layer.ofm[1] * layer.ofm[2]
        for layer in network.layers
        if layer.kind in WEIGHTED
    )
    return HardwareCosts(
        latency_s=seconds,
        recharge_s=0.0,
        active_s=seconds,
        continuous_s=seconds,
        power_cycles=0.0,
        active_j=energy_j,
        weight_bytes=weights * bits / 8,
        macs=float(network.macs),
        flops=float(network.flops),
        feature_bytes=features * bits / 8,
    )


def _stored_bits(config: ScConfig) -> int:
    return config.width + 1
