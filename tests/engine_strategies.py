"""Random cases for the engine, scaled so that power fails now and then and every run ends."""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec
import numpy as np
from hypothesis import reject
from hypothesis import strategies as st

from simint.engine.application import Application, Task
from simint.engine.case import Case
from simint.engine.compose import NO_TASKS
from simint.engine.policy import Footprint, JustInTime, PerLayer, RecoveryPolicy, Restart, Tile, TileShutdown, Timer
from simint.engine.workload import Queue, Workload
from simint.errors import InputError
from simint.hardware.bank import Bank, Ladder
from simint.hardware.capacitor import Capacitor, Derating
from simint.hardware.converter import Boost, Converter, Direct
from simint.hardware.regulator import Buck, Ldo
from simint.hardware.supply import Supply
from simint.physics.front_end import compile_source
from simint.tiling.design import ExecutionDesign
from simint.tiling.schedule import ZERO, Batch, Cost, LayerSchedule, Loop, Schedule, TileRun, Traffic
from simint.trace.power_trace import CurrentSource, CurveSource, PowerSource, PowerTrace, TheveninSource, TraceEnd

# The period of a timer and the voltages of a just-in-time checkpoint are drawn with the case.
POLICIES = (
    Tile(),
    Tile(guards=True),
    TileShutdown(),
    Restart(),
    PerLayer(),
    Footprint(),
    Timer(),
    JustInTime(),
)
_DESIGN = ExecutionDesign(tr=1, tc=1, tm=1)


def scale(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers over orders of magnitude."""
    return st.floats(math.log10(low), math.log10(high)).map(lambda exponent: 10.0**exponent)


@dataclass(frozen=True)
class Draft:
    """A random case before trace and supply are joined."""

    trace: PowerTrace
    supply: Supply
    schedule: Schedule
    policy: RecoveryPolicy
    workload: Workload
    initial_voltage: float
    sleep_power_w: float
    start_s: float
    duration_s: float
    harvest_while_on: bool
    application: Application = NO_TASKS

    def case(self, power_factor: float = 1.0) -> Case:
        """The case, with the trace's power multiplied."""
        return Case(
            supply=self.supply,
            source=compile_source(self.trace.scaled(power_factor), self.supply),
            schedule=self.schedule,
            policy=self.policy,
            workload=self.workload,
            initial_voltage=self.initial_voltage,
            application=self.application,
            sleep_power_w=self.sleep_power_w,
            start_s=self.start_s,
            duration_s=self.duration_s,
            harvest_while_on=self.harvest_while_on,
        )


@st.composite
def schedules(draw: st.DrawFn, swing_j: float, load_w: float, one_tile: bool = False) -> Schedule:
    """Up to three layers of up to three batches; a tile takes 0.1 % to 20 % of `swing_j`, drawn at about `load_w`.

    `one_tile`: in every batch. A checkpoint takes up to 5 %.
    """

    def cost(low: float, high: float) -> Cost:
        energy_j = swing_j * draw(scale(low, high))
        return Cost(energy_j, energy_j / (load_w * draw(scale(0.5, 2.0))))

    def maybe(low: float, high: float) -> Cost:
        return cost(low, high) if draw(st.booleans()) else ZERO

    def batch() -> Batch:
        counts = [1] if one_tile else draw(st.lists(st.integers(1, 4), min_size=1, max_size=2))
        runs = tuple(TileRun(count, maybe(1e-4, 1e-2), cost(1e-3, 0.2)) for count in counts)
        tiles = sum(run.count for run in runs)
        keeps = draw(st.booleans())
        written = cost(1e-4, 1e-2)
        return Batch(
            0,
            opening=maybe(1e-4, 1e-2),
            reload=maybe(1e-4, 1e-2),
            tiles=runs,
            write_back=ZERO if keeps else written,
            preserve=written if keeps else ZERO,
            traffic=Traffic(tiles, tiles, 0, tiles, 1),
            reload_traffic=Traffic(0, 0, 1, 0, 0),
        )

    layers = []
    for number in range(draw(st.integers(1, 3))):
        batches = tuple(batch() for _ in range(draw(st.integers(1, 3))))
        body = tuple((k, draw(st.integers(1, 3))) for k in range(len(batches)))
        program = (Loop(body, draw(st.integers(1, 3))),)
        save, load = cost(1e-3, 0.05), cost(1e-3, 0.05)
        layers.append(LayerSchedule(f"L{number}", _DESIGN, batches, program, vm_bytes=1, save=save, load=load))
    index, footprint = cost(1e-5, 1e-3), cost(1e-5, 1e-3)
    return Schedule(
        layers=tuple(layers),
        boot=cost(1e-3, 0.1),
        index_read=index,
        index_write=index,
        vm_bytes=1,
        footprint_read=footprint,
        footprint_write=footprint,
    )


@st.composite
def applications(draw: st.DrawFn, swing_j: float, load_w: float) -> Application:
    """Nothing but the inference, or up to two tasks before and after it, of 0.1 % to 20 % of `swing_j` each."""

    def task(name: str) -> Task:
        power_w = load_w * draw(scale(0.5, 2.0))
        return Task(name=name, power=power_w, duration=swing_j * draw(scale(1e-3, 0.2)) / power_w)

    if draw(st.booleans()):
        return NO_TASKS
    before, after = (tuple(task(f"{word}{k}") for k in range(draw(st.integers(0, 2)))) for word in ("sense", "send"))
    return Application(before=before, after=after)


@st.composite
def options(draw: st.DrawFn, policy: RecoveryPolicy, v_off: float, v_on: float, step_s: float) -> RecoveryPolicy:
    """The policy, with voltages between the thresholds and a period about the time of a few tiles."""
    if isinstance(policy, Timer):
        return Timer(step_s * draw(scale(0.1, 30.0)))
    if not isinstance(policy, JustInTime):
        return policy
    if v_on > 1.2 * v_off and draw(st.booleans()):
        return policy
    v_checkpoint = v_off + (v_on - v_off) * draw(st.one_of(st.just(0.0), st.floats(0.01, 0.8)))
    v_resume = draw(st.one_of(st.none(), st.floats(0.1, 1.0).map(lambda x: v_checkpoint + (v_on - v_checkpoint) * x)))
    return JustInTime(v_checkpoint, v_resume)


@st.composite
def traces(draw: st.DrawFn, supply: Supply, mean_w: float, step_s: float, every_kind: bool = False) -> PowerTrace:
    """Up to twelve segments with outages, of about `mean_w` into the capacitor half way between the thresholds."""
    levels = draw(
        st.lists(st.one_of(st.just(0.0), scale(0.1, 3.0)), min_size=1, max_size=12).filter(
            lambda levels: max(levels) > 0
        )
    )
    end = draw(st.sampled_from(TraceEnd))
    if draw(st.booleans()):
        timing = {"step_s": step_s}
    else:
        widths = [step_s * draw(scale(0.1, 3.0)) for _ in levels]
        timing = {"edges_s": np.concatenate(([0.0], np.cumsum(widths)))}
    if isinstance(supply.converter, Boost):
        return PowerTrace("random", PowerSource(mean_w * np.array(levels)), end=end, **timing)
    half_way = 0.5 * (supply.v_on + supply.v_off)
    voltage = supply.v_on * draw(st.floats(1.05, 2.0)) + supply.converter.diode_drop
    kind = draw(st.sampled_from(["thevenin", "current", "curve"])) if every_kind else "thevenin"
    strength = np.array(levels) / max(levels)
    if kind == "current":
        source = CurrentSource(3.0 * mean_w / half_way * strength, voltage)
        return PowerTrace("random", source, end=end, **timing)
    if kind == "curve":
        knees = voltage * np.array([0.0, 0.7, 0.9, 1.0])
        current = 3.0 * mean_w / half_way * strength[:, None] * np.array([1.0, 0.95, 0.6, 0.0])
        return PowerTrace("random", CurveSource(knees, current), end=end, **timing)
    ohm = (voltage - half_way) * half_way / mean_w
    return PowerTrace("random", TheveninSource(voltage * np.array(levels) / max(levels), ohm), end=end, **timing)


@st.composite
def workloads(draw: st.DrawFn, time_scale_s: float) -> Workload:
    """Back to back or periodic, with and without deadlines."""
    inferences = draw(st.one_of(st.none(), st.integers(1, 3)))
    if draw(st.booleans()):
        return Workload(inferences=inferences)
    return Workload(
        inferences=inferences,
        period=time_scale_s * draw(scale(0.3, 30.0)),
        deadline=draw(st.one_of(st.none(), scale(0.3, 30.0).map(lambda factor: factor * time_scale_s))),
        queue=draw(st.sampled_from(Queue)),
    )


@st.composite
def parts(draw: st.DrawFn, supply: Supply, swing_j: float, load_w: float) -> Supply:
    """The supply with any of the parts that make its physics harder, of sizes that matter but leave it working."""
    capacitor, changes = supply.capacitor, {}
    if draw(st.booleans()):
        # At most a tenth of the way between the thresholds is lost across it, so that a boot does not chatter.
        drop_v = 0.1 * (supply.v_on - supply.v_off)
        ohm = drop_v * supply.v_off / (4.0 * load_w) * draw(scale(0.01, 1.0))
        capacitor = msgspec.structs.replace(capacitor, esr=ohm)
    elif draw(st.booleans()):
        cell = capacitor.capacitance * draw(scale(0.05, 1.0))
        bank = Bank(cells=draw(st.integers(2, 3)), capacitance=cell, leakage=math.inf, series_first=draw(st.booleans()))
        v_up = supply.v_on + 0.5 * (min(supply.ceiling, 1.5 * supply.v_on) - supply.v_on)
        v_down = supply.v_off + draw(st.floats(0.1, 0.5)) * (supply.v_on - supply.v_off)
        try:
            changes["ladder"] = Ladder(v_up=v_up, v_down=v_down, banks=(bank,))
        except InputError:
            reject()
    elif draw(st.booleans()):
        share = (1.0, 0.8, 0.6)
        edges = (0.0, 0.5 * (supply.v_off + supply.v_on), 1.5 * supply.v_on)
        capacitor = msgspec.structs.replace(capacitor, derating=Derating(voltage=edges, share=share))
    if draw(st.booleans()):
        low_v = 0.9 * supply.v_off
        changes["regulator"] = draw(
            st.sampled_from(
                [
                    Ldo(output_voltage=0.8 * low_v, dropout=0.05 * low_v),
                    Buck(output_voltage=0.8 * low_v, efficiency=0.85),
                ]
            )
        )
    if draw(st.booleans()):
        changes["quiescent_on"] = supply.quiescent + 0.01 * load_w / supply.v_on
    if draw(st.booleans()):
        changes["poll"] = swing_j / load_w * draw(scale(1e-3, 0.1))
        changes["poll_turn_off"] = draw(st.booleans())
    try:
        return msgspec.structs.replace(supply, capacitor=capacitor, **changes)
    except InputError:
        reject()


@st.composite
def drafts(
    draw: st.DrawFn,
    policies: tuple[RecoveryPolicy, ...] = POLICIES,
    lossless: bool = False,
    every_part: bool = False,
) -> Draft:
    """Any supply, trace, schedule, policy and workload; the run lasts 50 recharges at most.

    `every_part`: besides, any part that a supply may have, and any kind of source.
    """
    capacitance = draw(scale(1e-6, 1e-1))
    v_off = draw(st.floats(1.0, 3.0))
    v_on = v_off * draw(st.floats(1.05, 2.0))
    swing_j = 0.5 * capacitance * (v_on**2 - v_off**2)
    mean_w = draw(scale(1e-6, 1e-1))
    recharge_s = swing_j / mean_w
    losses_w = 0.0 if lossless else mean_w * draw(st.one_of(st.just(0.0), scale(1e-4, 0.5)))
    converter: Converter = Direct(diode_drop=draw(st.sampled_from([0.0, 0.3])))
    if draw(st.booleans()):
        converter = Boost(efficiency=draw(st.floats(0.3, 1.0)))
    supply = Supply(
        name="random",
        source="test",
        converter=converter,
        capacitor=Capacitor(capacitance=capacitance, leakage=2.0 * v_on**2 / losses_w if losses_w else math.inf),
        v_on=v_on,
        v_off=v_off,
        v_max=v_on * draw(st.floats(1.0, 1.5)) if draw(st.booleans()) else math.inf,
        quiescent=0.5 * losses_w / v_on,
    )
    load_w = mean_w * draw(scale(0.3, 30.0))
    trace = draw(traces(supply, mean_w, recharge_s * draw(scale(0.03, 1.0)), every_part))
    if every_part:
        supply = draw(parts(supply, swing_j, load_w))
    policy = draw(st.sampled_from(policies))
    return Draft(
        trace=trace,
        supply=supply,
        schedule=draw(schedules(swing_j, load_w, policy.counts_jobs)),
        policy=draw(options(policy, v_off, v_on, 0.02 * swing_j / load_w)),
        workload=draw(workloads(recharge_s)),
        initial_voltage=draw(st.sampled_from([0.0, 0.9 * v_off, v_off, 0.5 * (v_on + v_off), v_on])),
        sleep_power_w=draw(st.sampled_from([0.0, 0.01 * mean_w, mean_w])),
        start_s=trace.duration_s * draw(st.sampled_from([0.0, 0.37])),
        # Off every simple multiple of a period: a release at the very end is seen or not by the last bit of a clock.
        # Polling turns the last bit of a time into a later turn-on, each cycle a few times more: only few can agree.
        duration_s=(5.3 if supply.poll else 50.3) * recharge_s,
        harvest_while_on=draw(st.sampled_from([True, True, True, False])),
        application=draw(applications(swing_j, load_w)),
    )
