"""Published and random networks: every chosen design, every total, every count of feasible designs."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from golden_rows import layer_from_row, read_json

from simint.hardware.platform import Platform
from simint.hardware.presets import load_platform
from simint.tiling.design import ExecutionDesign
from simint.tiling.published.electrical import bench_settings
from simint.tiling.published.evaluate import evaluate_design
from simint.tiling.search.continuous import explore_continuous
from simint.tiling.search.explorer import NetworkDesigns, explore_network_published
from simint.tiling.search.grid import explore_grid

TINAS = load_platform("msp430fr5994-tinas2024")
INAS = load_platform("msp430fr5994-inas2021")
RANDOM_FILES = (("networks_random.json.gz", TINAS), ("networks_inas2021.json.gz", INAS))

read = cache(read_json)


def tile(design: ExecutionDesign) -> list[Any]:
    return [design.tr, design.tc, design.tm, design.tn, design.order.value, design.s]


def assert_totals(found: NetworkDesigns, golden: dict[str, Any]) -> None:
    for field, key in (
        ("latency_s", "latency_s"),
        ("imo_percent", "imo_pct"),
        ("power_cycles", "power_cycles"),
        ("active_s", "active_s"),
        ("recharge_s", "recharge_s"),
        ("continuous_s", "cont_latency_s"),
        ("nvm_feature_bytes", "nvm_feature_bytes"),
        ("nvm_weight_bytes", "nvm_weight_bytes"),
    ):
        if key in golden:
            assert getattr(found, field) == pytest.approx(golden[key], rel=1e-12, abs=0), field


def published_files(shared: Path) -> list[Path]:
    files = sorted((shared / "spec" / "golden" / "networks").glob("*.json"))
    assert len(files) == 12
    return files


def test_the_twelve_published_solutions(shared: Path) -> None:
    for file in published_files(shared):
        golden = read(file)
        layers = [layer_from_row(row) for row in golden["layers"]]
        found = explore_network_published(layers, TINAS)
        assert_totals(found, golden)
        assert sum(layer.legal for layer in found.layers) == golden["n_designs"]
        columns = golden["designs_columns"]
        for layer, explored, row in zip(layers, found.layers, golden["designs"], strict=True):
            want = dict(zip(columns, row, strict=True))
            assert tile(explored.design) == [want[name] for name in ("Tr", "Tc", "Tm", "Tn", "reuse", "S")]
            assert_design(evaluate_design(layer, explored.design, TINAS), want)


def assert_design(cost: Any, want: dict[str, Any]) -> None:
    """Cost components of one chosen design; energies and times have the same names with E and L."""
    for letter, cycle, total in (
        ("E", cost.energy, cost.continuous_energy),
        ("L", cost.time, cost.continuous_time),
    ):
        got = {
            "pc_max": cycle.later,
            "pc_min": cycle.first,
            "_rb": cycle.boot,
            "_fl": cycle.index_read,
            "_fd": cycle.fetch_later,
            "_cp": cycle.compute,
            "_bd": cycle.write_back,
            "_bl": cycle.index_write,
        }
        checked = [name for name in got if letter + name in want]
        assert "_fd" in checked
        for name in checked:
            assert got[name] == pytest.approx(want[letter + name], rel=1e-12), letter + name
        assert total.total == pytest.approx(want[f"cont_{letter}"], rel=1e-12)
    assert cost.latency_s == pytest.approx(want["Le2e"], rel=1e-12)
    assert cost.vm_bytes == want["vm_bytes"]
    assert cost.cycles.total == want["npc"]


@pytest.mark.parametrize(("file", "platform"), RANDOM_FILES)
def test_random_networks_at_every_capacitor(shared: Path, file: str, platform: Platform) -> None:
    for network in read(shared / "spec" / "golden" / file)["networks"]:
        layers = [layer_from_row(row) for row in network["layers"]]
        for golden in network["results"]:
            settings = bench_settings(platform, golden["ccap"], golden["rehm"])
            found = explore_network_published(layers, platform, settings)
            assert found.feasible == golden["feasible"]
            assert found.failed_layer == golden["failed_layer"]
            if "n_pass" in golden:
                passed = [count for count in golden["n_pass"] if count is not None]
                assert [layer.feasible for layer in found.layers] == passed
            if not golden["feasible"]:
                continue
            assert_totals(found, golden)
            assert [tile(layer.design) for layer in found.layers] == [row[:6] for row in golden["designs"]]
            if "n_designs" in network:
                assert [layer.legal for layer in found.layers] == [row[8] for row in network["layers"]]


@pytest.mark.parametrize(("file", "platform"), RANDOM_FILES)
def test_all_capacitors_at_once(shared: Path, file: str, platform: Platform) -> None:
    for network in read(shared / "spec" / "golden" / file)["networks"]:
        results = network["results"]
        supplies = [bench_settings(platform, golden["ccap"], golden["rehm"]) for golden in results]
        grid = explore_grid([layer_from_row(row) for row in network["layers"]], platform, supplies)
        assert grid.feasible.tolist() == [golden["feasible"] for golden in results]
        for k, golden in enumerate(results):
            if golden["feasible"]:
                assert grid.latency_s[k] == pytest.approx(golden["latency_s"], rel=1e-12)
                found = grid.network(k)
                assert_totals(found, golden)
                assert [tile(layer.design) for layer in found.layers] == [row[:6] for row in golden["designs"]]


@pytest.mark.parametrize(("file", "platform"), RANDOM_FILES)
def test_continuous_exploration_finds_the_published_latencies(shared: Path, file: str, platform: Platform) -> None:
    golden = read(shared / "spec" / "golden" / file)
    latency, energy = (golden["cont_best_columns"].index(name) for name in ("L", "E"))
    vm = golden["cont_best_columns"].index("vm_bytes")
    for network in golden["networks"]:
        found = explore_continuous([layer_from_row(row) for row in network["layers"]], platform)
        best = network["cont_best"]
        assert sum(layer.latency_s for layer in found) == pytest.approx(best["latency_s"], rel=1e-12)
        for layer, row in zip(found, best["designs"], strict=True):
            assert layer.latency_s == pytest.approx(row[latency], rel=1e-12)
            if tile(layer.design)[:5] == row[:vm]:
                assert layer.energy_j == pytest.approx(row[energy], rel=1e-12)
