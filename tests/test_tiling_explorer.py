"""The fused sweep against a plain enumeration, ties and failures included."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiling_reference import best_continuous, best_design, evaluate
from tiling_strategies import layers, platforms, supplies

from simint.errors import InfeasibleError, InputError
from simint.hardware.presets import load_platform
from simint.network.layer import Layer, LayerKind
from simint.tiling.geometry import DesignCodes, geometry
from simint.tiling.legality import RULES_TINAS2024, design_space
from simint.tiling.published.electrical import bench_settings
from simint.tiling.search.continuous import explore_continuous
from simint.tiling.search.explorer import explore_layer_published, explore_network_published
from simint.tiling.selection import Choice, choose, design_number, design_of_number

TINAS = load_platform("msp430fr5994-tinas2024")
INAS = load_platform("msp430fr5994-inas2021")


@settings(deadline=None, max_examples=120)
@given(data=st.data(), inas=st.booleans())
def test_the_sweep_finds_what_a_plain_enumeration_finds(data: st.DataObject, inas: bool) -> None:
    preset = INAS if inas else TINAS
    layer = data.draw(layers(inas))
    platform, supply = data.draw(platforms(preset)), data.draw(supplies(preset))
    design, feasible, legal = best_design(layer, platform, supply)
    found = explore_layer_published(layer, platform, supply)
    assert (found.design, found.feasible, found.legal) == (design, feasible, legal)
    if design is None:
        assert found.failure != "OK"
        assert math.isnan(found.latency_s)
        return
    cost = evaluate(layer, design, platform, supply)
    assert found.vm_bytes == cost.vm_bytes
    assert found.latency_s == pytest.approx(cost.latency_s, rel=1e-11)
    assert found.recharge_s == pytest.approx(cost.recharge_s, rel=1e-9)
    assert found.active_j == pytest.approx(cost.active_j, rel=1e-12)
    assert found.power_cycles == pytest.approx(cost.npc, rel=1e-12)
    assert found.continuous_s == pytest.approx(cost.continuous_s, rel=1e-12)


@settings(deadline=None, max_examples=40)
@given(data=st.data(), inas=st.booleans())
def test_continuous_exploration_is_the_least_of_all(data: st.DataObject, inas: bool) -> None:
    layer = data.draw(layers(inas).filter(lambda x: not inas or x.kind is not LayerKind.GAVGPOOL))
    platform = data.draw(platforms(INAS if inas else TINAS).filter(lambda p: p.memory.vm_bytes > 64))
    found = explore_continuous([layer], platform)[0]
    assert found.latency_s == pytest.approx(best_continuous(layer, platform), rel=1e-12)


def relu(name: str = "r", channels: int = 8, size: int = 8) -> Layer:
    shape = (channels, size, size)
    return Layer(name=name, kind=LayerKind.RELU, ifm=shape, ofm=shape)


def test_equal_layers_get_equal_designs_and_keep_their_names() -> None:
    found = explore_network_published([relu("a"), relu("b", channels=4), relu("c")], TINAS)
    assert [layer.layer for layer in found.layers] == ["a", "b", "c"]
    assert found.layers[0].design == found.layers[2].design
    assert found.layers[0].latency_s == found.layers[2].latency_s


def test_a_network_is_the_sum_of_its_layers() -> None:
    parts = [relu("a"), relu("b", channels=4)]
    together = explore_network_published(parts, TINAS)
    alone = [explore_layer_published(layer, TINAS) for layer in parts]
    assert together.latency_s == pytest.approx(sum(layer.latency_s for layer in alone), rel=1e-15)
    assert together.active_s + together.recharge_s == pytest.approx(together.latency_s)
    assert together.imo_percent == pytest.approx(100 * (1 - together.continuous_s / together.active_s))


def test_exploration_stops_at_the_first_layer_without_a_design_and_says_why() -> None:
    """Quirk Q17, consistent reading: the energy budget if some design passed VM, else VM."""
    starved = bench_settings(TINAS, 5e-3)
    tiny = msgspec.structs.replace(starved, capacitance=1e-6)
    found = explore_network_published([relu("a"), relu("b")], TINAS, tiny)
    assert (found.failed_layer, found.failure, len(found.layers)) == ("a", "FAILED_C1", 1)
    assert found.latency_s == math.inf
    assert math.isnan(found.imo_percent)
    narrow = msgspec.structs.replace(TINAS, memory=msgspec.structs.replace(TINAS.memory, vm_bytes=1))
    assert explore_network_published([relu("a")], narrow, tiny).failure == "FAILED_C0"
    with pytest.raises(InfeasibleError, match=r"'a'.*1 bytes of VM"):
        explore_continuous([relu("a")], narrow)


@pytest.mark.parametrize("field", ["nvm_bytes", "nvm_feature_bytes", "nvm_weight_bytes"])
def test_storage_is_checked_before_any_layer_in_2024_only(field: str) -> None:
    stem = Layer(name="s", kind=LayerKind.CONV, ifm=(3, 8, 8), ofm=(8, 6, 6), kernel=(3, 3))
    for preset, failure in ((TINAS, "FAILED_STORAGE"), (INAS, "OK")):
        platform = msgspec.structs.replace(preset, memory=msgspec.structs.replace(preset.memory, **{field: 100}))
        found = explore_network_published([stem], platform, bench_settings(preset, 5e-3))
        assert found.failure == failure
        assert found.nvm_weight_bytes == 2 * 8 * 3 * 9
        assert found.nvm_feature_bytes == 2 * 2 * 8 * 6 * 6


def test_more_memory_or_energy_never_makes_a_layer_slower() -> None:
    layer = Layer(name="c", kind=LayerKind.CONV, ifm=(8, 12, 12), ofm=(16, 12, 12), kernel=(3, 3), pad=(1, 1, 1, 1))
    latencies = []
    for vm_bytes in (512, 1024, 2048, 4096):
        platform = msgspec.structs.replace(TINAS, memory=msgspec.structs.replace(TINAS.memory, vm_bytes=vm_bytes))
        latencies.append(explore_layer_published(layer, platform).latency_s)
    assert latencies == sorted(latencies, reverse=True)
    margins = [
        explore_layer_published(layer, TINAS, msgspec.structs.replace(bench_settings(TINAS), margin=margin)).latency_s
        for margin in (0.1, 0.3, 0.6, 0.9)
    ]
    assert margins == sorted(margins, reverse=True)


@pytest.mark.parametrize(
    ("layers_", "message"),
    [
        ([], "without layers"),
        (
            [Layer(name="p", kind=LayerKind.POOL, ifm=(4, 8, 8), ofm=(4, 4, 4), kernel=(2, 2), stride=(2, 2))],
            "'p'.*POOL",
        ),
        ([Layer(name="q", kind=LayerKind.CONV, ifm=(4, 8, 6), ofm=(4, 8, 6))], "'q'.*square"),
    ],
)
def test_what_the_published_explorer_refuses(layers_: list[Layer], message: str) -> None:
    with pytest.raises(InputError, match=message):
        explore_network_published(layers_, TINAS)


def test_a_consistent_platform_is_refused() -> None:
    with pytest.raises(InputError, match="consistent mode"):
        explore_layer_published(relu(), load_platform("msp430fr5994"))


def fold(latencies: list[float], vms: list[float]) -> Choice:
    best = Choice(math.inf, math.inf, math.inf, -1, False)
    for number, (latency_s, vm) in enumerate(zip(latencies, vms, strict=True)):
        best = choose(best, latency_s, vm, number)
    return best


@settings(deadline=None)
@given(
    steps=st.lists(st.integers(0, 30), min_size=1, max_size=12),
    data=st.data(),
)
def test_chains_of_near_ties_are_resolved_or_flagged(steps: list[int], data: st.DataObject) -> None:
    """Latencies 1e-13 apart: unless flagged for a second sweep, the fold equals the definition, in any order."""
    latencies = [1.0 + step * 1e-13 for step in steps]
    vms = data.draw(st.lists(st.sampled_from([1.0, 2.0, 3.0]), min_size=len(steps), max_size=len(steps)))
    least = min(latencies)
    ties = [k for k, value in enumerate(latencies) if value <= least * (1 + 1e-12)]
    wanted = min(ties, key=lambda k: (vms[k], k))
    best = fold(latencies, vms)
    assert best.least == least
    if not best.unsure:
        assert best.number == wanted
    again = Choice(least, math.inf, math.inf, -1, False)
    for number, (latency_s, vm) in enumerate(zip(latencies, vms, strict=True)):
        again = choose(again, latency_s, vm, number)
    assert not again.unsure
    assert again.number == wanted


def test_a_dropped_near_tie_is_flagged() -> None:
    """The second design drops the first by VM; the third makes the second lose, but not the first."""
    assert fold([1.0, 1.0 + 8e-13, 1.0 - 5e-13], [3.0, 1.0, 4.0]).unsure


def test_no_design_decodes_to_zeros() -> None:
    space = design_space(geometry(relu()), RULES_TINAS2024)
    assert design_of_number(-1, space) == DesignCodes(0, 0, 0, 0, 0, 0)
    number = design_number(space, 2, 1, 3, 0, 2, 5)
    assert design_of_number(number, space) == DesignCodes(4, 2, 8, 1, 2, 5)
