"""Tables over the capacitor's voltage: derating, leakage, regulators, cold start; edges crossed, and edges held."""

from __future__ import annotations

import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest
import reference_circuit as reference
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from supply_cases import (
    OUTPUT_V,
    V_OFF,
    V_ON,
    Case,
    draw_case,
    go,
    go_in_parts,
    imbalance_j,
    moved_j,
    random_buck_table,
    rounding_j,
)

from simint.hardware.capacitor import Capacitor, Derating, LeakageTable, stored_j, voltage_storing
from simint.hardware.converter import Boost, ColdStart, Direct
from simint.hardware.efficiency import EfficiencyTable, efficiency_at
from simint.hardware.regulator import Buck, Ldo
from simint.hardware.supply import Supply
from simint.physics.state import (
    ESR_LOSS,
    FRONTEND_LOSS,
    HARVESTED,
    HIGH,
    LEAKED,
    LOW,
    NEVER,
    QUIESCENT,
    REGULATOR_LOSS,
    SPILLED,
    TIME,
)
from simint.physics.wiring import BIN_COLUMNS, build_node, capacitance_at, stored_at
from simint.trace.power_trace import CurrentSource, PowerSource, PowerTrace, TraceEnd

EXAMPLES = settings(max_examples=100, deadline=None, derandomize=True)
SEEDS = st.integers(0, 2**32)
TWO_ROWS = EfficiencyTable(voltage=(1.0, 2.5), current=(0.0,), efficiency=((0.9,), (0.6,)))


def supply(capacitor: Capacitor, converter: Boost | Direct | None = None, **others: object) -> Supply:
    made = Supply(name="s", source="test", converter=converter or Boost(), capacitor=capacitor, v_on=V_ON, v_off=V_OFF)
    return msgspec.structs.replace(made, **others)


def steady(made: Supply, power_w: float, v0: float, load_w: float = 0.0, **others: object) -> Case:
    """One power for ever behind a converter that loses nothing."""
    trace = PowerTrace("t", PowerSource(np.array([power_w])), step_s=1e6, end=TraceEnd.HOLD)
    case = Case(made, trace, v0, load_w, load_w > 0.0, math.inf, -math.inf, math.inf)
    return replace(case, **others)  # type: ignore[arg-type]


@st.composite
def capacitors(draw: st.DrawFn) -> Capacitor:
    """Any derating and any leakage table."""
    rng = np.random.default_rng(draw(SEEDS))
    steps, points = int(rng.integers(1, 6)), int(rng.integers(2, 6))
    derating = Derating(
        voltage=(0.0, *np.cumsum(rng.uniform(0.1, 1.0, steps - 1)).tolist()),
        share=tuple(rng.uniform(0.05, 1.0, steps).tolist()),
    )
    table = LeakageTable(
        voltage=(0.0, *np.cumsum(rng.uniform(0.1, 1.5, points - 1)).tolist()),
        current=(0.0, *np.cumsum(rng.exponential(1e-5, points - 1)).tolist()),
    )
    return Capacitor(capacitance=10.0 ** rng.uniform(-6, 0), derating=derating, leakage_table=table)


# --- What a node is made of ---


@EXAMPLES
@given(capacitors(), st.floats(0.0, 6.0))
def test_stored_energy_is_the_integral_of_capacitance_times_voltage(capacitor: Capacitor, voltage: float) -> None:
    node = build_node(supply(capacitor))
    edges = [edge for edge in node.bins[:, 0] if 0.0 < edge < voltage]
    wanted, _ = quad(lambda v: capacitance_at(node, v) * v, 0.0, voltage, points=edges or None, limit=200, epsrel=1e-13)
    assert stored_at(node, voltage) == pytest.approx(wanted, rel=1e-11, abs=1e-300)
    assert stored_j(capacitor, voltage) == pytest.approx(wanted, rel=1e-11, abs=1e-300)
    assert voltage_storing(capacitor, stored_j(capacitor, voltage)) == pytest.approx(voltage, rel=1e-12, abs=1e-12)


@EXAMPLES
@given(capacitors(), st.floats(0.0, 1.0))
def test_leakage_is_interpolated_between_the_points_of_its_table(capacitor: Capacitor, share: float) -> None:
    node, table = build_node(supply(capacitor)), capacitor.leakage_table
    assert table is not None
    v = share * table.voltage[-1]
    row = node.bins[np.searchsorted(node.bins[:, 0], v, side="right") - 1]
    assert row.size == BIN_COLUMNS
    assert row[2] + row[3] * v == pytest.approx(np.interp(v, table.voltage, table.current), rel=1e-11, abs=1e-20)


@EXAMPLES
@given(SEEDS, st.floats(1.2, 3.9), st.floats(1e-4, 3e-2))
def test_a_buck_draws_what_its_table_says_at_voltage_and_output_current(seed: int, v: float, load_w: float) -> None:
    table = random_buck_table(np.random.default_rng(seed))
    assume(v not in table.voltage)
    made = supply(Capacitor(capacitance=10.0), regulator=Buck(output_voltage=OUTPUT_V, table=table))
    way = go(steady(made, 0.0, v, load_w, duration_s=1e-3))
    drawn = stored_at(build_node(made), v) - stored_at(build_node(made), way.voltage)
    eta = float(efficiency_at(table, v, load_w / OUTPUT_V))
    assert drawn == pytest.approx(load_w / eta * 1e-3, rel=1e-6)
    assert way.book(REGULATOR_LOSS) == pytest.approx(load_w * (1.0 / eta - 1.0) * 1e-3, rel=1e-9)


# --- Edges crossed ---


@EXAMPLES
@given(capacitors(), st.floats(1e-5, 1e-2), st.floats(0.2, 2.0), st.floats(2.1, 5.0))
def test_without_losses_a_power_charges_in_the_time_of_the_energy(
    capacitor: Capacitor, power_w: float, low_v: float, high_v: float
) -> None:
    capacitor = msgspec.structs.replace(capacitor, leakage_table=None)
    needed = stored_j(capacitor, high_v) - stored_j(capacitor, low_v)
    way = go(steady(supply(capacitor), power_w, low_v, high_v=high_v))
    assert (way.code, way.voltage) == (HIGH, high_v)
    assert way.seconds == pytest.approx(needed / power_w, rel=1e-12)
    down = go(steady(supply(capacitor), 0.0, high_v, power_w, low_v=low_v))
    assert (down.code, down.voltage) == (LOW, low_v)
    assert down.seconds == pytest.approx(needed / power_w, rel=1e-12)


@EXAMPLES
@given(capacitors(), st.floats(0.05, 5.0), st.floats(1e-5, 1e-2))
def test_a_constant_current_moves_the_charge_of_every_step(capacitor: Capacitor, volts: float, amp: float) -> None:
    capacitor = msgspec.structs.replace(capacitor, leakage_table=None)
    made = supply(capacitor, regulator=Ldo(output_voltage=OUTPUT_V))
    node = build_node(made)
    way = go(steady(made, 0.0, volts + 0.1, amp * OUTPUT_V, low_v=0.1))
    edges = [edge for edge in node.bins[:, 0] if 0.1 < edge < volts + 0.1]
    charge, _ = quad(lambda v: capacitance_at(node, v), 0.1, volts + 0.1, points=edges or None, limit=200)
    assert way.code == LOW
    assert way.seconds == pytest.approx(charge / amp, rel=1e-10)


def test_a_table_of_one_straight_line_is_a_resistance() -> None:
    """And a derating of nothing is none, whatever the number of steps."""
    straight = LeakageTable(voltage=(0.0, 0.7, 2.0, 3.0), current=(0.0, 0.7e-5, 2.0e-5, 3.0e-5))
    even = Derating(voltage=(0.0, 0.9, 1.7, 2.4), share=(1.0, 1.0, 1.0, 1.0))
    plain = Capacitor(capacitance=1e-3, leakage=1e5)
    binned = Capacitor(capacitance=1e-3, leakage_table=straight, derating=even)
    for power_w, load_w, v0, duration in ((2e-3, 0.0, 0.0, 2.0), (0.0, 1e-4, 3.5, 30.0), (0.0, 0.0, 3.5, 500.0)):
        one, other = (go(steady(supply(each), power_w, v0, load_w, duration_s=duration)) for each in (plain, binned))
        assert other.voltage == pytest.approx(one.voltage, rel=1e-12)
        assert other.state.supply_j == pytest.approx(one.state.supply_j, rel=1e-11, abs=1e-15)


@EXAMPLES
@given(st.floats(0.0, 4e-5), st.floats(0.0, 4e-5), st.booleans())
def test_the_quiescent_current_is_that_of_the_devices_state(off_a: float, on_a: float, on: bool) -> None:
    made = supply(Capacitor(capacitance=1e-3), quiescent=off_a, quiescent_on=on_a)
    way = go(steady(made, 0.0, 3.0, duration_s=2.0, on=on))
    amp = on_a if on else off_a
    assert way.voltage == pytest.approx(3.0 - amp * 2.0 / 1e-3, rel=1e-13)
    assert way.book(QUIESCENT) == pytest.approx(amp * 2.0 * 0.5 * (3.0 + way.voltage), rel=1e-12)


@EXAMPLES
@given(st.floats(1e-4, 1e-2), st.floats(0.01, 1.0), st.floats(1e-4, 1e-2))
def test_cold_start_takes_its_own_time(power_w: float, eta: float, farad: float) -> None:
    boost = Boost(efficiency=0.8, cold_start=ColdStart(below=1.8, efficiency=eta))
    made = supply(Capacitor(capacitance=farad), boost)
    way = go(steady(made, power_w, 0.0, high_v=3.0))
    cold_j, warm_j = 0.5 * farad * 1.8**2, 0.5 * farad * (9.0 - 1.8**2)
    assert way.code == HIGH
    assert way.seconds == pytest.approx(cold_j / (eta * power_w) + warm_j / (0.8 * power_w), rel=1e-12)
    assert way.book(HARVESTED) == pytest.approx(power_w * way.seconds, rel=1e-12)
    assert way.book(FRONTEND_LOSS) == pytest.approx(power_w * way.seconds - cold_j - warm_j, rel=1e-11, abs=1e-15)


def test_what_a_cold_start_cannot_lift_stays_below_for_ever() -> None:
    boost = Boost(cold_start=ColdStart(below=1.8, efficiency=0.1))
    made = supply(Capacitor(capacitance=1e-3, leakage=1e4), boost)
    way = go(steady(made, 2e-3, 0.0, high_v=1.9))
    assert way.code == NEVER
    assert go(steady(made, 2e-3, 1.8, high_v=1.9)).code == HIGH  # above, the main charger has it
    rest = go(steady(made, 2e-3, 0.0, duration_s=1e4))
    assert rest.voltage == pytest.approx(math.sqrt(0.1 * 2e-3 * 1e4), rel=1e-12)


@pytest.mark.parametrize("seed", [0, 1, 2, 6, 8, 11, 12, 14, 16, 17, 19, 22, 23, 24, 25, 31, 34, 38, 42])
def test_random_circuits_pass_as_a_general_integrator_finds(seed: int) -> None:
    """Without clamp and series resistance, where nothing but tables and bends divides the way."""
    case = draw_case(seed, extreme=False, esr=False)
    case = replace(
        case,
        supply=msgspec.structs.replace(case.supply, v_max=math.inf),
        duration_s=min(case.duration_s, case.trace.duration_s - case.offset_s),
    )
    way, now, code = go(case), reference.Now(case.v0), reference.PASSED
    step = case.trace.step_s
    assert step is not None
    for segment in range(int(case.offset_s / step), case.trace.segments):
        seconds = min((segment + 1) * step - case.offset_s, case.duration_s) - now.time_s
        if code == reference.PASSED and seconds > 0.0:
            circuit = reference.Circuit(case.supply, case.trace.source, segment, case.load_w, case.on)
            code = reference.follow(circuit, now, seconds, case.low_v, case.high_v)
    assert (way.code, way.seconds > 0.0) == (code, True)
    assert way.seconds == pytest.approx(now.time_s, rel=1e-10)
    assert way.voltage == pytest.approx(now.voltage, rel=1e-10)
    terms = [HARVESTED, FRONTEND_LOSS, SPILLED, LEAKED, ESR_LOSS, QUIESCENT, REGULATOR_LOSS]
    assert way.state.supply_j[terms] == pytest.approx(now.books, abs=1e-10 * moved_j(case, way))


# --- Edges held ---


def edge_case(esr: float, v0: float = 2.0, **others: object) -> Case:
    """A buck that is worse above 2.5 V: 4 mW take 4.44 mW below the edge and 6.67 mW above."""
    capacitor = Capacitor(capacitance=1e-3, esr=esr)
    made = supply(capacitor, regulator=Buck(output_voltage=OUTPUT_V, table=TWO_ROWS))
    return steady(made, 5e-3, v0, 4e-3, **others)


@pytest.mark.parametrize("esr", [0.0, 0.5, 20.0])
def test_driven_to_an_edge_from_both_sides_the_voltage_stays(esr: float) -> None:
    rising, falling = edge_case(esr, duration_s=30.0), edge_case(esr, v0=3.0, duration_s=30.0)
    for case in (rising, falling):
        way = go(case)
        assert (way.code, way.voltage) == (TIME, 2.5)
        assert abs(imbalance_j(case, way)) <= 1e-13 * moved_j(case, way)
    way = go(edge_case(esr, v0=2.5, duration_s=30.0))
    # All that is harvested is used: shares of the two efficiencies that make it so.
    used = 4e-3 * 30.0 + way.book(REGULATOR_LOSS) + way.book(ESR_LOSS)
    assert used == pytest.approx(5e-3 * 30.0, rel=1e-13)
    assert go(edge_case(esr)).code == NEVER
    assert go(edge_case(esr, v0=3.0, low_v=2.4)).code == NEVER


@pytest.mark.parametrize("esr", [0.0, 0.5])
def test_a_held_voltage_leaves_its_edge_when_the_harvest_changes(esr: float) -> None:
    case = edge_case(esr)
    for after_w, sign in ((8e-3, 1.0), (2e-3, -1.0)):
        trace = PowerTrace("t", PowerSource(np.array([5e-3, after_w])), step_s=30.0, end=TraceEnd.HOLD)
        way = go(replace(case, trace=trace, v0=2.5, duration_s=30.1))
        drawn_w = 4e-3 / (0.6 if sign > 0 else 0.9)
        moved = stored_at(case.node(), way.voltage) - stored_at(case.node(), 2.5)
        assert moved == pytest.approx((after_w - drawn_w) * 0.1, rel=1e-3 if esr else 1e-11)
        assert math.copysign(1.0, way.voltage - 2.5) == sign


@pytest.mark.parametrize("esr", [0.0, 0.5])
def test_at_an_edge_that_is_the_brown_out_threshold_the_device_browns_out(esr: float) -> None:
    for v0 in (2.6, 2.5):
        way = go(edge_case(esr, v0=v0, low_v=2.5))
        assert way.code == LOW
        assert way.seconds > 0.0 or v0 == 2.5


@EXAMPLES
@given(st.floats(1e-5, 5e-3), st.floats(0.0, 1.0), st.booleans())
def test_a_current_source_at_its_compliance_gives_what_is_drawn(amp: float, share: float, ldo: bool) -> None:
    """Whatever it could give: the voltage rests at compliance less the diode's drop."""
    regulator = Ldo(output_voltage=OUTPUT_V) if ldo else None
    made = supply(Capacitor(capacitance=1e-5), Direct(diode_drop=0.3), regulator=regulator, quiescent=1e-6)
    trace = PowerTrace("t", CurrentSource(np.array([amp]), 3.3), step_s=1.0)
    drawn_a = share * (amp - 1e-6)
    assume(drawn_a < 0.999 * (amp - 1e-6))
    load_w = drawn_a * (OUTPUT_V if ldo else 3.0)
    case = Case(made, trace, 3.0, load_w, True, 25.0, 2.0, math.inf)
    way = go(case)
    assert (way.code, way.voltage) == (TIME, 3.0)
    assert way.book(HARVESTED) == pytest.approx(3.3 * (drawn_a + 1e-6) * 25.0, rel=1e-11)
    assert way.book(FRONTEND_LOSS) == pytest.approx(0.3 * (drawn_a + 1e-6) * 25.0, rel=1e-11)
    assert abs(imbalance_j(case, way)) <= 1e-12 * moved_j(case, way)


# --- What must hold for any circuit ---


@settings(EXAMPLES, max_examples=400)
@given(SEEDS, st.booleans())
def test_the_books_close(seed: int, extreme: bool) -> None:
    case = draw_case(seed, extreme, esr=False)
    way = go(case)
    assert np.isfinite(way.state.supply_j).all()
    assert abs(imbalance_j(case, way)) <= 1e-9 * moved_j(case, way) + rounding_j(case, way)
    assert (way.state.supply_j >= -1e-11 * moved_j(case, way) - rounding_j(case, way)).all()


@settings(EXAMPLES, max_examples=200)
@given(SEEDS, st.lists(st.floats(0.0, 1.0), min_size=1, max_size=4))
def test_any_split_of_the_time_ends_the_same(seed: int, shares: list[float]) -> None:
    case = draw_case(seed, extreme=False, esr=False)
    whole, parts = go(case), go_in_parts(case, shares)
    assume(whole.code != NEVER)
    assert parts.code == whole.code
    assert parts.state.tv == pytest.approx(whole.state.tv, rel=1e-9, abs=1e-12)
    allowed = 1e-9 * moved_j(case, whole) + rounding_j(case, whole)
    assert parts.state.supply_j == pytest.approx(whole.state.supply_j, rel=1e-12, abs=allowed)


def test_a_voltage_that_decays_for_a_thousand_time_constants_is_still_a_number() -> None:
    for esr in (0.0, 10.0):
        made = supply(Capacitor(capacitance=1e-9, leakage=1e5, esr=esr))
        way = go(steady(made, 0.0, 3.0, duration_s=0.1))
        assert 0.0 <= way.voltage < 1e-30
        assert way.book(LEAKED) + way.book(ESR_LOSS) == pytest.approx(0.5e-9 * 9.0, rel=1e-12)
