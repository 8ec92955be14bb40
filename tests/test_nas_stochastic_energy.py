"""Energies of stochastic hardware: the figures, the formula, and what they mean beside binary arithmetic."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.stochastic.config import Accumulator, Encoding, NumberGenerator, ScConfig, Sharing
from nas.stochastic.energy import (
    cycle_energy,
    float32_energy,
    layer_energy,
    network_cycles,
    network_energy,
    product_energy,
    sc_energies,
)
from simint.errors import InputError
from simint.network.catalogue import load_network

FEMTO = 1e-15
ENERGIES = sc_energies()
USUAL = ScConfig(16)


def with_(**changes: Any) -> ScConfig:
    return dataclasses.replace(USUAL, **changes)


def test_a_layer_costs_what_the_formula_says() -> None:
    """L (2 E_rng + N E_sng + N M (E_sng + E_apc / 8)), E_rng of 8 bits."""
    config = with_(length=256)
    expected = 2 * 122 + 72 * 31 + 72 * 16 * (31 + 48.9 / 8)
    assert cycle_energy(72, 16, config, ENERGIES) == pytest.approx(expected * FEMTO, rel=1e-9)
    network = load_network("plain:har:3x8-7x8-3x16")
    layer = network.layers[1]
    positions = layer.ofm[1] * layer.ofm[2]
    of_position = cycle_energy(8 * 7, 8, config, ENERGIES)
    assert layer_energy(layer, config, ENERGIES) == pytest.approx(256 * positions * of_position, rel=1e-9)
    assert network_cycles(network, config) == 256 * (126 + 120 + 118 + 1)
    parts = sum(layer_energy(layer, config, ENERGIES) for layer in network.layers)
    assert network_energy(network, config, ENERGIES) == pytest.approx(parts, rel=1e-12)


def test_a_product_beats_int8_below_18_cycles_and_float32_below_124() -> None:
    """37 fJ a cycle against 662 fJ and 4.6 pJ."""
    assert ENERGIES.int8.mac / product_energy(USUAL, ENERGIES) == pytest.approx(18, abs=0.5)
    assert ENERGIES.float32.mac / ENERGIES.int8.mac == pytest.approx(6.95, abs=0.01)
    network = load_network("plain:har:3x8-7x8-3x16")
    assert float32_energy(network, ENERGIES) == pytest.approx(network.macs * 4.6e-12)
    assert ENERGIES.int8.mac == pytest.approx(662e-15)


def test_the_parts_of_the_reported_multipliers_add_up() -> None:
    """Two Sobol generators of 8 bits and two comparators make the AND multiplier of the reports."""
    generators = 2 * ENERGIES.generator(with_(length=256))
    assert generators + 2 * ENERGIES.comparator.energy == pytest.approx(ENERGIES.multiplier.and_gate, abs=1.5 * FEMTO)
    bipolar, magnitudes = (
        cycle_energy(1, 1, with_(length=256, encoding=encoding), ENERGIES)
        for encoding in (Encoding.BIPOLAR, Encoding.SIGN_MAGNITUDE)
    )
    assert bipolar - magnitudes == pytest.approx(ENERGIES.multiplier.xnor_gate - ENERGIES.multiplier.and_gate)


def test_generators_between_the_reported_widths_lie_between_their_energies() -> None:
    energies = [ENERGIES.generator(with_(length=1 << width)) / FEMTO for width in range(3, 11)]
    assert energies[0] == pytest.approx(64)
    assert energies[5] == pytest.approx(122)
    assert energies[7] == pytest.approx(146)
    assert energies == sorted(energies)
    assert ENERGIES.generator(with_(generator=NumberGenerator.LFSR)) == pytest.approx(60 * FEMTO)
    with pytest.raises(InputError, match="no energy is known of the number generator ideal"):
        ENERGIES.generator(with_(generator=NumberGenerator.IDEAL))


def test_every_figure_has_a_source() -> None:
    assert "UnarySim" in ENERGIES.source
    assert "10.1109/ISSCC.2014.6757323" in ENERGIES.float32.source
    for generator in ENERGIES.generators:
        assert "report" in generator.source


@given(
    inputs=st.integers(1, 5000),
    outputs=st.integers(1, 500),
    length=st.sampled_from([8, 64, 1024]),
    accumulator=st.sampled_from(Accumulator),
)
def test_more_hardware_takes_more_energy(inputs: int, outputs: int, length: int, accumulator: Accumulator) -> None:
    def energy(**changes: Any) -> float:
        return cycle_energy(inputs, outputs, with_(length=length, accumulator=accumulator, **changes), ENERGIES)

    assert energy(encoding=Encoding.SPLIT) > energy()
    assert energy(sharing=Sharing.PER_OPERAND) >= energy()
    assert energy(blocks=4) >= energy()
    assert cycle_energy(inputs + 1, outputs, USUAL, ENERGIES) > cycle_energy(inputs, outputs, USUAL, ENERGIES)
    assert energy(generator=NumberGenerator.LFSR) < energy()
