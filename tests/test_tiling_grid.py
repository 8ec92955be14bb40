"""Many platforms at once, and the memory of explored layers: the same answers, less work."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiling_strategies import layers, platforms, supplies

from simint.errors import InputError
from simint.hardware.presets import load_platform
from simint.network.layer import Layer, LayerKind
from simint.tiling.published.electrical import bench_settings
from simint.tiling.search.explorer import (
    NetworkDesigns,
    explore_layer_published,
    explore_layers_published,
    explore_network_published,
)
from simint.tiling.search.grid import explore_grid
from simint.tiling.search.memo import ExplorationMemo, Question
from simint.tiling.search.shapes import distinct_shapes

TINAS = load_platform("msp430fr5994-tinas2024")
INAS = load_platform("msp430fr5994-inas2021")


def relu(name: str, channels: int = 8) -> Layer:
    return Layer(name=name, kind=LayerKind.RELU, ifm=(channels, 8, 8), ofm=(channels, 8, 8))


def same(one: NetworkDesigns, other: NetworkDesigns) -> bool:
    """Equal, NaN included: reprs round-trip numbers."""
    return repr(one) == repr(other)


@settings(deadline=None, max_examples=60)
@given(data=st.data(), inas=st.booleans(), objective=st.sampled_from(["latency", "energy", "imo"]))
def test_a_grid_gives_what_its_platforms_give_one_by_one(data: st.DataObject, inas: bool, objective: str) -> None:
    preset = INAS if inas else TINAS
    network = data.draw(st.lists(layers(inas), min_size=1, max_size=4))
    platform = data.draw(platforms(preset))
    benches = data.draw(st.lists(supplies(preset), min_size=1, max_size=4))
    sizes = data.draw(st.lists(st.sampled_from([64, 512, 2048]), min_size=len(benches), max_size=len(benches)))
    grid = explore_grid(network, platform, benches, sizes, objective)
    for k, (bench, size) in enumerate(zip(benches, sizes, strict=True)):
        alone = msgspec.structs.replace(platform, memory=msgspec.structs.replace(platform.memory, vm_bytes=size))
        wanted = explore_network_published(network, alone, bench, objective)
        assert same(grid.network(k), wanted)
        assert grid.feasible[k] == wanted.feasible
        for field in ("latency_s", "recharge_s", "active_j", "continuous_s", "power_cycles", "imo_percent"):
            assert getattr(grid, field)[k] == pytest.approx(getattr(wanted, field), rel=1e-11, nan_ok=True)


def test_larger_capacitors_and_memories_admit_more_designs() -> None:
    benches = [bench_settings(TINAS, farad, 3000.0) for farad in (33e-6, 100e-6, 1e-3)]
    counts = explore_grid([relu("a")], TINAS, benches).explored.counts[:, 0, 2]
    assert (np.diff(counts) >= 0).all()
    grid = explore_grid([relu("a")], TINAS, [benches[2]] * 3, [128, 512, 2048])
    assert (np.diff(grid.explored.counts[:, 0, 2]) > 0).all()
    assert (np.diff(grid.latency_s) <= 0).all()


def test_a_network_too_large_for_storage_fits_nowhere() -> None:
    small = msgspec.structs.replace(TINAS, memory=msgspec.structs.replace(TINAS.memory, nvm_bytes=100))
    grid = explore_grid([relu("a")], small, [bench_settings(TINAS)] * 2)
    assert not grid.feasible.any()
    assert np.isinf(grid.latency_s).all()
    assert np.isnan(grid.imo_percent).all()
    assert same(grid.network(1), explore_network_published([relu("a")], small))


@pytest.mark.parametrize("sizes", [[2048], [2048, 0], []])
def test_a_grid_needs_a_memory_for_every_supply(sizes: list[int]) -> None:
    with pytest.raises(InputError, match="positive VM size for every one"):
        explore_grid([relu("a")], TINAS, [bench_settings(TINAS)] * 2, sizes)


@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_a_memo_changes_nothing(data: st.DataObject) -> None:
    memo = ExplorationMemo(data.draw(st.integers(1, 6)))
    pool = data.draw(st.lists(layers(False), min_size=1, max_size=4))
    benches = data.draw(st.lists(supplies(TINAS), min_size=1, max_size=2))
    for _ in range(4):
        network = data.draw(st.lists(st.sampled_from(pool), min_size=1, max_size=5))
        bench = data.draw(st.sampled_from(benches))
        objective = data.draw(st.sampled_from(["latency", "energy"]))
        found = explore_network_published(network, TINAS, bench, objective, memo=memo)
        assert same(found, explore_network_published(network, TINAS, bench, objective))


def known(memo: ExplorationMemo, *layers_: Layer) -> list[int]:
    """Places of those layers that the memo remembers for the published bench of 2024."""
    question = Question(TINAS, bench_settings(TINAS), "latency", "variant")
    return list(memo.recall(question, distinct_shapes(layers_).keys))


def test_a_memo_knows_shapes_and_forgets_the_least_recently_used() -> None:
    memo = ExplorationMemo(2)
    two, four, eight = relu("x", 2), relu("y", 4), relu("z", 8)
    explore_network_published([relu("a"), relu("b"), relu("c", 4)], TINAS, memo=memo)
    assert known(memo, four, eight) == [0, 1]
    explore_layer_published(two, TINAS, memo=memo)
    assert known(memo, two, four, eight) == [0, 2]
    explore_layer_published(eight, TINAS, bench_settings(TINAS, 470e-6), memo=memo)
    assert len(memo) == 2
    assert known(memo, two, eight) == [1]
    with pytest.raises(InputError, match="at least one shape"):
        ExplorationMemo(0)


def test_what_a_memo_knows_is_not_explored_again(monkeypatch: pytest.MonkeyPatch) -> None:
    memo = ExplorationMemo()
    network = [relu("a"), relu("b", 4)]
    first = explore_network_published(network, TINAS, memo=memo)
    monkeypatch.setattr("simint.tiling.search.explorer.explore_rows", None)
    assert explore_network_published(network, TINAS, memo=memo) == first


def test_layers_on_their_own_do_not_stop_at_one_without_a_design() -> None:
    narrow = msgspec.structs.replace(TINAS, memory=msgspec.structs.replace(TINAS.memory, vm_bytes=8))
    wide = Layer(name="w", kind=LayerKind.CONV, ifm=(8, 8, 8), ofm=(8, 6, 6), kernel=(3, 3))
    found = explore_layers_published([wide, relu("r"), wide], narrow)
    assert [layer.failure for layer in found] == ["FAILED_C0", "OK", "FAILED_C0"]
    assert found[1] == explore_layer_published(relu("r"), narrow)
