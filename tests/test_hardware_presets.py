"""Shipped presets: complete, cited, equal to the published constants; a file of one's own reads the same way."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import msgspec
import pytest
from replay_runs import write_supply

from simint.errors import InputError
from simint.hardware.converter import Direct
from simint.hardware.platform import Affine, CostMode, Platform, Variant
from simint.hardware.presets import load_platform, load_supply, preset_names
from simint.hardware.supply import Supply

FOLDER = resources.files("simint.hardware") / "presets"

# Cost model specification, section 2.1: energies in J, latencies in clock cycles, block of v elements costs a*v + b.
ENERGY = {
    "inas2021": ((2.7e-08, 2.0e-07), (2.6815e-08, 1.9336e-07), (5.27308646249e-10, 2.04412689725e-07)),
    "tinas2024": (
        (2.4096781407047943e-08, 1.9269110618985066e-07),
        (2.3866387540946922e-08, 1.9880671888670114e-07),
        (5.03343396188007e-10, 2.057298797039179e-07),
    ),
}
CYCLES = {
    "inas2021": (
        (64.00000000000001, 423.99999999999994),
        (64.00082974729904, 422.22773129921234),
        (1.4999999999999978, 616.0000000000002),
    ),
    "tinas2024": ((64, 430), (64, 421), (1.5, 622)),
}
# add, multiply, divide, compare
SCALAR_ENERGY = {
    "inas2021": (3.935538461538471e-09, 1.9253346153846146e-08, 4.373834615384616e-08, 4.228153846153846e-09),
    "tinas2024": (3.4965641025641274e-09, 1.892907692307692e-08, 4.1691282051282045e-08, 3.9232307692307644e-09),
}
SCALAR_CYCLES = {"inas2021": (12, 44, 160, 14), "tinas2024": (12, 45, 161, 15)}
BOOT_S = {"inas2021": 0.070, "tinas2024": 0.055}
INDEX_WORDS = {"inas2021": 4, "tinas2024": 5}
# Section 3: Ccap, Rehm, Vsup, Von, Voff, safety margin.
BENCH = {"inas2021": (0.005, 300, 3.0, 2.99, 2.80, 0.55), "tinas2024": (0.005, 2800, 5.892, 4.535, 3.290, 0.60)}

PLATFORMS = {
    "msp430fr5994-inas2021": (CostMode.PUBLISHED, "inas2021"),
    "msp430fr5994-tinas2024": (CostMode.PUBLISHED, "tinas2024"),
    "msp430fr5994": (CostMode.CONSISTENT, "tinas2024"),
}


@pytest.mark.parametrize("kind", [Platform, Supply])
def test_every_preset_loads_carries_a_source_and_is_called_as_its_file(kind: type[Platform] | type[Supply]) -> None:
    load = load_platform if kind is Platform else load_supply
    names = preset_names(kind)
    assert names
    for name in names:
        preset = load(name)
        assert preset.name == name
        assert preset.description
        # A citation: a DOI, the number of a data sheet, or a repository.
        assert re.search(r"doi:10\.\d{4}/|SL[A-Z]{3}\w+|LENS-TUGraz/|nes-lab/", preset.source), name


def test_every_constant_without_a_published_table_has_a_comment() -> None:
    boost = (FOLDER / "supplies" / "boost.toml").read_text()
    assert "KEMET C1002" in boost
    assert load_supply("boost").capacitor.leakage == pytest.approx(500e6 * 1e-6 / 1e-3)


@pytest.mark.parametrize("name", PLATFORMS)
def test_platforms_have_the_published_constants(name: str) -> None:
    platform, (mode, variant) = load_platform(name), PLATFORMS[name]
    assert (platform.mode, platform.variant, platform.clock) == (mode, Variant(variant), 16e6)
    for costs, affine, scalar in (
        (platform.energy, ENERGY[variant], SCALAR_ENERGY[variant]),
        (platform.cycles, CYCLES[variant], SCALAR_CYCLES[variant]),
    ):
        assert (costs.read, costs.write, costs.mac) == tuple(Affine(*pair) for pair in affine)
        assert (costs.add, costs.mul, costs.div, costs.compare) == scalar
    assert (platform.boot_energy, platform.boot_time) == (7.788e-05, BOOT_S[variant])
    assert platform.index_words == INDEX_WORDS[variant]
    memory = platform.memory
    assert (memory.vm_bytes, memory.element_bytes) == (2048, 2)
    assert memory.nvm_bytes == memory.nvm_feature_bytes == memory.nvm_weight_bytes == 1_000_000
    bench = platform.bench
    resistance = bench.resistance_ohm(bench.capacitance)
    thresholds = (bench.v_supply, bench.v_on, bench.v_off)
    assert (bench.capacitance, resistance, *thresholds, bench.margin) == BENCH[variant]


def test_the_source_resistance_is_calibrated_by_capacitor() -> None:
    bench = load_platform("msp430fr5994-tinas2024").bench
    assert [bench.resistance_ohm(c) for c in (5e-3, 470e-6, 100e-6)] == [2800, 3000, 3100]
    with pytest.raises(InputError, match=r"no calibrated source resistance for a capacitor of 0\.001 F; known: 0\.005"):
        bench.resistance_ohm(1e-3)


def test_boot_energy_is_the_measured_drop_of_the_bench_capacitor() -> None:
    """77.88 uJ: 330 uF from 2.99 V to 2.91 V; with 55 ms a boot power of 1.416 mW."""
    platform = load_platform("msp430fr5994")
    assert platform.boot_energy == pytest.approx(0.5 * 330e-6 * (2.99**2 - 2.91**2), rel=1e-12)
    assert platform.boot_energy / platform.boot_time == pytest.approx(1.416e-3, rel=1e-12)


def test_the_consistent_platform_differs_from_the_published_only_in_its_mode_and_sleep() -> None:
    published, consistent = load_platform("msp430fr5994-tinas2024"), load_platform("msp430fr5994")
    changes = {field: getattr(published, field) for field in ("name", "source", "description", "mode", "sleep_power")}
    assert msgspec.structs.replace(consistent, **changes) == published
    assert consistent.sleep_power > 0 == published.sleep_power


def test_the_thevenin_supply_is_the_published_bench() -> None:
    supply, bench = load_supply("thevenin"), load_platform("msp430fr5994-tinas2024").bench
    assert supply.converter == Direct()
    assert (supply.capacitor.capacitance, supply.v_on, supply.v_off) == (bench.capacitance, bench.v_on, bench.v_off)
    # The abstract model knows no losses between source and device.
    assert supply.quiescent == 0.0
    assert supply.capacitor.leakage == float("inf")


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_file_of_one_s_own_reads_like_the_preset(name: str, tmp_path: Path) -> None:
    text = (FOLDER / "platforms" / f"{name}.toml").read_text().replace(f'name = "{name}"', 'name = "mine"')
    file = tmp_path / "mine.toml"
    file.write_text(text)
    assert load_platform(str(file)) == msgspec.structs.replace(load_platform(name), name="mine")


@pytest.mark.parametrize(
    ("line", "change", "message"),
    [
        ('clock = "16MHz"', 'clock = "0Hz"', "`clock` must be positive"),
        ('clock = "16MHz"', 'clock = "16ms"', "clock: '16ms' has unit 'ms', expected Hz"),
        ("index_words = 5", "index_words = 0", "`index_words` must be at least 1"),
        ('sleep_power = "1.5uW"', 'sleep_power = "-1uW"', "`sleep_power` must not be negative"),
        ('sleep_power = "1.5uW"', 'sleep = "1uW"', "unknown key `sleep`"),
        ("vm_bytes = 2048", "vm_bytes = 0", "`vm_bytes` must be at least 1"),
        ('v_off = "3.290V"', 'v_off = "5V"', "0 < v_off < v_on <= v_supply expected"),
        ("margin = 0.6", "margin = 1.5", "`margin` must lie in (0, 1]"),
        ('mode = "consistent"', 'mode = "modern"', "`mode` must be one of published, consistent, got 'modern'"),
        ("per_element = 1.5", "per_element = -1.5", "must not be negative"),
    ],
)
def test_nonsense_in_a_platform_file_is_refused_by_field(line: str, change: str, message: str, tmp_path: Path) -> None:
    text = (FOLDER / "platforms" / "msp430fr5994.toml").read_text()
    assert text.count(line) == 1
    file = tmp_path / "mine.toml"
    file.write_text(text.replace(line, change))
    with pytest.raises(InputError) as refusal:
        load_platform(str(file))
    assert str(refusal.value).startswith(f"{file}: ")
    assert message in str(refusal.value)


def test_the_ceiling_of_a_supply_is_its_clamp_or_else_the_rating_of_its_capacitor(tmp_path: Path) -> None:
    def ceiling(**changes: object) -> float:
        return load_supply(str(write_supply(tmp_path / "s.toml", **changes))).ceiling

    assert ceiling(v_max="4V", rated_voltage="6.3V") == 4.0
    assert ceiling(v_max=None, rated_voltage="6.3V") == 6.3
    assert ceiling(v_max=None) == float("inf")


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"unknown platform 'avr'; known: msp430fr5994, .* or a path to a \.toml file"):
        load_platform("avr")
    with pytest.raises(InputError, match=r"unknown supply 'mains'; known: boost, .*, thevenin; or a path"):
        load_supply("mains")
