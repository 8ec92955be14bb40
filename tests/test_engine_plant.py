"""A packed plant is the node and the source it was packed from, and a long trace is not copied for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from source_kinds import supply as plain_supply
from supply_cases import BOOST_TABLE

from simint.engine.plant import node_of_plant, pack, source_of, state_of
from simint.hardware.capacitor import Capacitor, Derating
from simint.hardware.converter import Boost, ColdStart, Direct
from simint.hardware.supply import Supply
from simint.physics.front_end import compile_source
from simint.physics.harvest_tree import HarvestTree
from simint.physics.source import CompiledSource
from simint.physics.wiring import build_node
from simint.trace.power_trace import CurveSource, PowerSource, PowerTrace, Source, TheveninSource

SHORT, LONG = 50, 40_000
KINDS = ("table", "cold start", "plain", "thevenin", "curves")


def trace_and_supply(kind: str, segments: int) -> tuple[PowerTrace, Supply]:
    rng = np.random.default_rng(segments)
    edges = np.concatenate(([0.0], np.cumsum(rng.uniform(0.5, 1.5, segments))))
    capacitor = Capacitor(capacitance=1e-3, derating=Derating(voltage=(0.0, 1.1, 2.3, 3.4), share=(1.0, 0.8, 0.5, 0.3)))
    converter: Boost | Direct = Direct()
    source: Source
    if kind == "thevenin":
        source = TheveninSource(rng.uniform(3, 5, segments), rng.uniform(100, 200, segments))
    elif kind == "curves":
        source = CurveSource(np.array([0.0, 2.4, 3.3, 4.2]), rng.uniform(0.1, 1, (segments, 1)) * [1e-3, 9e-4, 5e-4, 0])
    else:
        source = PowerSource(rng.uniform(0, 5e-3, segments), np.full(segments, 2.0))
        cold = ColdStart(below=1.8, efficiency=0.1) if kind == "cold start" else None
        converter = Boost(efficiency=0.8) if kind == "plain" else Boost(table=BOOST_TABLE, cold_start=cold)
    supply = Supply(
        name="s",
        source="test",
        converter=converter,
        capacitor=capacitor,
        v_on=3.0,
        v_off=2.0,
        v_max=3.3,
        quiescent=1e-6,
    )
    return PowerTrace("t", source, edges_s=edges), supply


def fields(thing: Any) -> dict[str, Any]:
    """The fields of nested named tuples, flat."""
    found: dict[str, Any] = {}
    for name, value in thing._asdict().items():
        found |= fields(value) if isinstance(value, HarvestTree) else {name: value}
    return found


def packed(kind: str, segments: int) -> tuple[CompiledSource, CompiledSource, Any]:
    trace, supply = trace_and_supply(kind, segments)
    source = compile_source(trace, supply)
    plant = pack(build_node(supply), source, 2.5, 3.0)
    return source, source_of(plant), plant


@pytest.mark.parametrize("segments", [SHORT, LONG])
@pytest.mark.parametrize("kind", KINDS)
def test_a_packed_plant_is_what_it_was_packed_from(kind: str, segments: int) -> None:
    source, found, plant = packed(kind, segments)
    for name, value in fields(source).items():
        np.testing.assert_array_equal(fields(found)[name], value, err_msg=name)
    node = build_node(trace_and_supply(kind, segments)[1])
    for name, value in node._asdict().items():
        np.testing.assert_array_equal(getattr(node_of_plant(plant), name), value, err_msg=name)
    state = state_of(plant)
    assert state.tv[0] == 0.0
    assert state.tv[1] == 2.5


@pytest.mark.parametrize("kind", KINDS)
def test_arrays_as_long_as_the_trace_are_not_copied(kind: str) -> None:
    source, found, plant = packed(kind, LONG)
    long = {name for name, value in fields(source).items() if isinstance(value, np.ndarray) and value.size >= LONG}
    assert long >= {"edges_s", "values"}
    for name in long:
        assert np.shares_memory(fields(found)[name], fields(source)[name]), f"{name} is a copy"
    # What the sums over blocks take beside it is a small part of one array.
    assert plant.constants.nbytes < 0.2 * 8 * LONG


def test_a_supply_of_another_source_packs_alike() -> None:
    """The plant of a uniform trace has no edges to hand over."""
    supply = plain_supply(0)
    source = compile_source(PowerTrace("t", PowerSource(np.linspace(0, 1e-3, LONG)), step_s=0.1), supply)
    plant = pack(build_node(supply), source, 1.0, 0.0)
    assert plant.constants.nbytes < 1e4
    assert np.shares_memory(source_of(plant).values, source.values)
