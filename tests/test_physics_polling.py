"""A supervisor that looks only so often."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stepping_cases import converted, simple_node

from simint.errors import InputError
from simint.hardware.capacitor import Capacitor
from simint.hardware.converter import Boost
from simint.hardware.regulator import Ldo
from simint.hardware.supply import Supply
from simint.physics.polling import advance_polled
from simint.physics.state import HIGH, LOW, NEVER, TIME, copy_state, start_state
from simint.physics.stepping import advance
from simint.trace.power_trace import TraceEnd

EXAMPLES = settings(max_examples=80, deadline=None, derandomize=True)
C = 1e-3


@EXAMPLES
@given(st.floats(1e-4, 1e-2), st.floats(0.01, 5.0), st.floats(1.0, 2.9))
def test_turn_on_waits_for_the_look_after_the_crossing(power_w: float, poll_s: float, v0: float) -> None:
    node, source = simple_node(C), converted([power_w], 1.0, efficiency=1.0)
    polled, plain = (start_state(source, v0, 0.0) for _ in range(2))
    code, passed_s = advance_polled(node, source, polled, 0.0, False, math.inf, -math.inf, 3.0, True, poll_s)
    advance(node, source, plain, 0.0, False, math.inf, -math.inf, 3.0, True)
    crossing_s = C / 2 * (9.0 - v0 * v0) / power_w
    assert plain.tv[0] == pytest.approx(crossing_s, rel=1e-12)
    assert code == HIGH
    assert polled.tv[0] == pytest.approx(math.ceil(crossing_s / poll_s - 1e-9) * poll_s, rel=1e-9)
    assert passed_s == pytest.approx(polled.tv[0], rel=1e-12)
    assert polled.tv[1] >= 3.0 - 1e-12


@EXAMPLES
@given(st.floats(1e-4, 1e-2), st.floats(0.01, 0.2))
def test_turn_off_is_as_late_as_the_next_look_unless_the_output_fails_before(load_w: float, poll_s: float) -> None:
    node, source = simple_node(C)._replace(floor_v=1.5), converted([0.0], 1.0)
    state = start_state(source, 3.0, 0.0)
    code, _ = advance_polled(node, source, state, load_w, True, math.inf, 2.0, math.inf, True, poll_s)
    look_s = math.ceil(C / 2 * (9.0 - 4.0) / load_w / poll_s - 1e-9) * poll_s
    fails_s = C / 2 * (9.0 - 2.25) / load_w
    assert code == LOW
    assert state.tv[0] == pytest.approx(min(look_s, fails_s), rel=1e-9)


def test_a_dip_between_two_looks_goes_unnoticed() -> None:
    """Below 2 V from 0.6 s to 0.9 s; the looks are at whole seconds."""
    node = simple_node(C)._replace(floor_v=0.5)
    source = converted([0.0, 20e-3], edges_s=[0.0, 0.7, 3.0], efficiency=1.0)
    state = start_state(source, math.sqrt(4.0 + 2 * 3e-3 / C * 0.6 / 1.0), 0.0)
    watched = copy_state(state)
    assert advance(node, source, watched, 3e-3, True, 2.0, 2.0, math.inf, True)[0] == LOW
    assert watched.tv[0] == pytest.approx(0.6, rel=1e-9)
    code, passed_s = advance_polled(node, source, state, 3e-3, True, 2.0, 2.0, math.inf, True, 1.0)
    assert (code, passed_s) == (TIME, 2.0)


def test_a_wait_that_never_ends_says_so() -> None:
    node, source = simple_node(C, leakage_s=1e-3), converted([1e-3], 1.0)
    state = start_state(source, 0.5, 0.0)
    short = advance_polled(node, source, state, 0.0, False, 100.0, -math.inf, 3.0, True, 0.064)
    assert short == (TIME, 100.0)

    held = converted([1e-3], 1.0, end=TraceEnd.HOLD)
    state = start_state(held, 0.5, 0.0)
    assert advance_polled(node, held, state, 0.0, False, math.inf, -math.inf, 3.0, True, 0.064)[0] == NEVER


SUPPLY = Supply(
    name="polled",
    source="test",
    converter=Boost(),
    capacitor=Capacitor(capacitance=C),
    v_on=3.0,
    v_off=2.0,
    poll=0.064,
    regulator=Ldo(output_voltage=1.8),
)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"poll": -1.0}, "`poll` must not be negative"),
        ({"regulator": None}, "`poll` needs a `regulator`"),
        ({"capacitor": Capacitor(capacitance=C, esr=1.0)}, "`poll` works with a `capacitor` without `esr`"),
    ],
)
def test_polling_that_cannot_work_is_refused(changes: dict[str, object], message: str) -> None:
    assert msgspec.structs.replace(SUPPLY, regulator=None, poll_turn_off=False).poll == 0.064
    with pytest.raises(InputError, match=message):
        msgspec.structs.replace(SUPPLY, **changes)
