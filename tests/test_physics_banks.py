"""Banks on a ladder: charge is kept, energy is accounted for, and the wiring follows the voltage."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stepping_cases import converted

from simint.errors import InputError
from simint.hardware.bank import Bank, Ladder, Wiring, wirings
from simint.hardware.capacitor import Capacitor
from simint.hardware.converter import Boost
from simint.hardware.supply import Supply
from simint.physics.banks import banks_j, change_step, settle_banks
from simint.physics.source import CompiledSource
from simint.physics.state import (
    FRONTEND_LOSS,
    HARVESTED,
    HIGH,
    LEAKED,
    LOW,
    QUIESCENT,
    SPILLED,
    SWITCH_LOSS,
    TIME,
    NodeState,
    copy_state,
    start_state,
)
from simint.physics.stepping import advance
from simint.physics.wiring import Node, build_node, stored_at

EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True)
SMALL = Capacitor(capacitance=100e-6, leakage=1e6)
PLAIN = Bank(cells=1, capacitance=200e-6, series_first=False)
PAIR = Bank(cells=2, capacitance=200e-6)


def supply(*banks: Bank, capacitor: Capacitor = SMALL, v_up: float = 3.5, v_down: float = 2.2) -> Supply:
    return Supply(
        name="ladder",
        source="test",
        converter=Boost(efficiency=0.8),
        capacitor=capacitor,
        v_on=3.0,
        v_off=2.0,
        v_max=3.6,
        quiescent=1e-6,
        ladder=Ladder(v_up=v_up, v_down=v_down, banks=banks),
    )


def held_j(node: Node, state: NodeState) -> float:
    return float(stored_at(node, state.tv[1]) + banks_j(node, state))


def test_the_ladder_goes_bank_by_bank_from_out_to_parallel() -> None:
    ladder = Ladder(
        v_up=3.5,
        v_down=1.5,
        banks=(Bank(cells=2, capacitance=1e-4), Bank(cells=1, capacitance=1e-3, series_first=False)),
    )
    out, series, parallel = Wiring.OUT, Wiring.SERIES, Wiring.PARALLEL
    assert wirings(ladder) == ((out, out), (series, out), (parallel, out), (parallel, parallel))


@pytest.mark.parametrize("second_v", [0.0, 1.0, 3.5])
def test_two_capacitors_even_out_as_the_textbook_says(second_v: float) -> None:
    node = build_node(supply(Bank(cells=1, capacitance=300e-6, series_first=False)))
    state = start_state(converted([0.0], 1.0), 3.5, 0.0, 1)
    state.banks[2] = second_v
    before = held_j(node, state)
    change_step(node, state, 1)
    assert state.tv[1] == pytest.approx((100e-6 * 3.5 + 300e-6 * second_v) / 400e-6, rel=1e-14)
    loss = 0.5 * 75e-6 * (3.5 - second_v) ** 2
    assert state.supply_j[SWITCH_LOSS] == pytest.approx(loss, rel=1e-14, abs=1e-20)
    assert held_j(node, state) == pytest.approx(before - loss, rel=1e-14)


def test_going_back_to_series_lifts_what_is_left_in_the_cells() -> None:
    """At 1.7 V a pair of cells in series holds 3.4 V; with the other capacitor it comes to rest in between."""
    low = msgspec.structs.replace(supply(PLAIN), v_off=1.6, ladder=Ladder(v_up=3.5, v_down=1.7, banks=(PAIR,)))
    node = build_node(low)
    state = start_state(converted([0.0], 1.0), 1.7, 0.0, 1)
    state.banks[:] = 2, 0.0, 1.7
    before = held_j(node, state)
    change_step(node, state, -1)
    expected = (100e-6 * 1.7 + 100e-6 * 3.4) / 200e-6
    assert state.tv[1] == pytest.approx(expected, rel=1e-14)
    assert state.banks[2] == pytest.approx(expected / 2, rel=1e-14)
    assert held_j(node, state) == pytest.approx(before - state.supply_j[SWITCH_LOSS], rel=1e-14)


def test_cells_that_are_out_leak_by_themselves() -> None:
    node = build_node(supply(Bank(cells=3, capacitance=1e-4, leakage=1e5, series_first=False)))
    state = start_state(converted([0.0], 1.0), 3.0, 0.0, 1)
    state.banks[2], state.tv[0] = 3.0, 20.0
    settle_banks(node, state)
    assert state.banks[2] == pytest.approx(3.0 * math.exp(-2.0), rel=1e-14)
    assert state.supply_j[LEAKED] == pytest.approx(0.5 * 3e-4 * 9.0 * (1 - math.exp(-4.0)), rel=1e-13)


@st.composite
def rides(draw: st.DrawFn) -> tuple[Node, CompiledSource, float, list[tuple[float, float]]]:
    banks = tuple(
        Bank(cells=cells, capacitance=farad, leakage=ohm, series_first=cells > 1)
        for cells, farad, ohm in draw(
            st.lists(st.tuples(st.integers(1, 2), st.floats(1e-5, 1e-3), st.floats(1e4, 1e7)), min_size=1, max_size=3)
        )
    )
    node = build_node(
        msgspec.structs.replace(supply(PLAIN), v_off=1.5, ladder=Ladder(v_up=3.5, v_down=1.7, banks=banks))
    )
    power = draw(st.lists(st.floats(0.0, 5e-3), min_size=2, max_size=20))
    loads = draw(st.lists(st.tuples(st.floats(0.0, 5e-3), st.floats(1e-3, 5.0)), min_size=1, max_size=8))
    return node, converted(power, 0.5), draw(st.floats(0.5, 3.5)), loads


@EXAMPLES
@given(rides())
def test_the_books_close_over_every_ride(ride: tuple[Node, CompiledSource, float, list[tuple[float, float]]]) -> None:
    node, source, v0, loads = ride
    state = start_state(source, v0, 0.0, node.banks.shape[0])
    before, drawn = held_j(node, state), 0.0
    for load_w, seconds in loads:
        code, elapsed = advance(node, source, state, load_w, True, seconds, 0.4, math.inf, True)
        drawn += load_w * elapsed
        assert code in (TIME, LOW)
    settle_banks(node, state)
    books = state.supply_j
    losses = books[FRONTEND_LOSS] + books[SPILLED] + books[LEAKED] + books[QUIESCENT] + books[SWITCH_LOSS]
    balance = books[HARVESTED] - losses - drawn - (held_j(node, state) - before)
    assert abs(balance) <= 1e-9 * max(books[HARVESTED], drawn, before)
    assert books[SWITCH_LOSS] >= 0.0


@EXAMPLES
@given(rides(), st.floats(0.05, 0.95))
def test_a_duration_may_be_cut_in_two(
    ride: tuple[Node, CompiledSource, float, list[tuple[float, float]]], share: float
) -> None:
    node, source, v0, loads = ride
    load_w, seconds = loads[0]
    whole = start_state(source, v0, 0.0, node.banks.shape[0])
    parts = copy_state(whole)
    code, _ = advance(node, source, whole, load_w, True, seconds, 0.4, math.inf, True)
    if code == TIME:
        for piece in (share * seconds, seconds - share * seconds):
            advance(node, source, parts, load_w, True, piece, 0.4, math.inf, True)
        assert parts.tv[1] == pytest.approx(whole.tv[1], rel=1e-9)
        assert parts.banks[0] == whole.banks[0]


def test_a_ladder_climbs_with_the_harvest_and_comes_down_with_the_load() -> None:
    """First the small capacitor alone reaches turn-on; the banks join one by one; under load they give it all back."""
    node, source = build_node(supply(PLAIN, PLAIN)), converted([2e-3], 1.0)
    state = start_state(source, 2.0, 0.0, 2)
    seen = [0.0]
    for _ in range(4000):
        advance(node, source, state, 0.0, True, 0.005, -math.inf, math.inf, True)
        if state.banks[0] != seen[-1]:
            seen.append(float(state.banks[0]))
    assert seen[0] == 0.0
    assert seen[-1] == 2.0
    assert max(seen) == 2.0
    assert state.tv[1] == pytest.approx(3.6, rel=1e-9)  # full, at the clamp
    code, _ = advance(node, source, state, 20e-3, True, math.inf, 2.0, math.inf, False)
    assert code == LOW
    assert state.banks[0] == 0.0
    assert state.tv[1] == pytest.approx(2.0, rel=1e-12)


def test_one_bank_always_in_parallel_is_a_larger_capacitor() -> None:
    """With nothing in the way: after the last step the node behaves as one capacitor of the sum."""
    bank = Bank(cells=2, capacitance=150e-6, leakage=2e6, series_first=False)
    banked = build_node(supply(bank))
    single = build_node(supply(bank, capacitor=Capacitor(capacitance=400e-6, leakage=1 / (1e-6 + 2 / 2e6))))
    source = converted([1e-3, 0.0, 3e-3], 0.7)
    one, other = start_state(source, 3.0, 0.0, 1), start_state(source, 3.0, 0.0, 0)
    one.banks[:] = 1, 0.0, 3.0
    for state, node in ((one, banked), (other, single)):
        advance(node, source, state, 5e-4, True, 1.9, 2.3, math.inf, True)
    assert one.tv[1] == pytest.approx(other.tv[1], rel=1e-13)


def test_turn_on_comes_before_the_first_step() -> None:
    node, source = build_node(supply(Bank(cells=1, capacitance=1e-3, series_first=False))), converted([2e-3], 1.0)
    state = start_state(source, 2.0, 0.0, 1)
    assert advance(node, source, state, 0.0, False, math.inf, -math.inf, 3.0, True)[0] == HIGH
    assert state.banks[0] == 0.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"v_up": 2.9}, "`ladder.v_up` must lie between `v_on`"),
        ({"v_up": 3.7}, "`ladder.v_up` must lie between `v_on`"),
        ({"v_down": 1.9}, "`ladder.v_down` must lie between `v_off`"),
        ({"capacitor": Capacitor(capacitance=1e-4, esr=1.0)}, "`ladder` works with a `capacitor` of constant"),
    ],
)
def test_a_ladder_that_cannot_work_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        supply(Bank(cells=1, capacitance=1e-4, series_first=False), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"cells": 0}, "`cells` must be at least 1"),
        ({"cells": 1}, "`series_first` needs at least two"),
        ({"cells": 2, "capacitance": -1.0}, "`capacitance` must be positive"),
        ({"cells": 2, "leakage": 0.0}, "`leakage` must be positive"),
    ],
)
def test_a_bank_without_meaning_is_refused(fields: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Bank(**({"capacitance": 1e-4} | fields))  # type: ignore[arg-type]


def test_a_series_bank_that_would_switch_to_and_fro_is_refused() -> None:
    with pytest.raises(InputError, match="switch to and fro"):
        Ladder(v_up=3.5, v_down=2.0, banks=(Bank(cells=2, capacitance=1e-4),))
