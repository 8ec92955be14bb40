"""The Botoks node as parts of simint, from `setup.json`: supply, source and applications.

MIC841 comparator with hysteresis, linear regulator to 2.2 V, no converter between source and capacitor. The tasks are
those of the source's simulation: INIT at every turn-on, then SENSE and SEND; `loop` repeats the two, `burn` listens
with its radio until power fails.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
from captures import FOLDER, Capture

from simint.engine.application import Application, Task
from simint.engine.compose import tasks_alone
from simint.engine.event import Case, simulate
from simint.engine.policy import Restart
from simint.engine.run import CycleEnd, Run
from simint.engine.workload import Workload
from simint.errors import InputError
from simint.hardware.presets import load_supply
from simint.hardware.supply import Supply
from simint.physics.front_end import compile_source
from simint.tiling.schedule import Cost
from simint.trace.load import load_trace
from simint.trace.power_trace import PowerTrace, TraceEnd
from simint.trace.source import CurrentSource, CurveSource

# Upper threshold of the panel captures: chosen by the source so that every capacitor stores about the same energy
# (Simulations/Botoks/sim_botoks_thresholds.py; setup.json `thresholds_sweep`).
PANEL_V_ON = {22: 3.65, 47: 3.05, 100: 2.6}
# The current source's compliance voltage is not stated; anything above v_on gives the same result.
COMPLIANCE_V = 5.5
# Half a volt of the panels' sweeps, enough to average the noise of the source meter.
CONTINUED_POINTS = 10


@dataclass(frozen=True)
class Step:
    """A task as the setup states it: mean current over a duration."""

    name: str
    duration_s: float
    current_a: float


@dataclass(frozen=True)
class Board:
    """The node: supply without its capacitor, capacitances by nominal value, tasks.

    `send`: SEND as one or several steps. `burn_a`: what listening draws.
    """

    supply: Supply
    capacitance_f: dict[int, float]
    init: Step
    sense: Step
    send: tuple[Step, ...]
    burn_a: float


@dataclass(frozen=True)
class Prediction:
    """What simint says of a capture: mean on-time and off-time (s), sends per on-state; `state` as of `Capture`."""

    state: str
    on_s: float = float("nan")
    off_s: float = float("nan")
    sends_per_on: float = 0.0


def stated_board(data: Path) -> Board:
    """The node with the parameters of `setup.json` alone."""
    setup = json.loads((data / FOLDER / "setup.json").read_text())["botoks"]
    tasks = {task["name"].split()[0]: task for task in setup["load"]["tasks"]}

    def step(name: str) -> Step:
        return Step(name, tasks[name]["t_s"], tasks[name]["i_A"])

    return Board(
        supply=load_supply("botoks"),
        capacitance_f={int(nominal): value for nominal, value in setup["cap_measured_F"].items()},
        init=step("INIT"),
        sense=step("SENSE"),
        send=(step("SEND"),),
        burn_a=tasks["BURN"]["i_A"],
    )


def supply_of(board: Board, capture: Capture) -> Supply:
    """The node's supply in a capture: its capacitor, and with a panel its upper threshold."""
    capacitor = msgspec.structs.replace(board.supply.capacitor, capacitance=board.capacitance_f[capture.capacitor_uf])
    v_on = board.supply.v_on if capture.lux is None else PANEL_V_ON[capture.capacitor_uf]
    return msgspec.structs.replace(board.supply, capacitor=capacitor, v_on=v_on)


def source_of(data: Path, capture: Capture) -> PowerTrace:
    """What fed the node in a capture: a constant current, or the panel's curve at that illuminance."""
    if capture.current_a is not None:
        current = CurrentSource(np.array([capture.current_a]), COMPLIANCE_V)
        return PowerTrace(capture.name, current, step_s=1.0, end=TraceEnd.LOOP)
    return swept(load_trace(str(data / "pv_iv_curves" / f"{capture.source}_lux{capture.lux}.json")))


def swept(panel: PowerTrace) -> PowerTrace:
    """A panel's curve without the open-circuit voltage, continued to 0 A along a parabola through its last ten points.

    The source's script (Tools/get_solar_panel_iv_curve_keithley.py) measures the open-circuit voltage first, then
    sweeps the current up to it, a second or more a point, and appends the former to the latter. The two disagree: the
    KXOB panel at 13,000 lux still gives 140 uA at 2.85 V, 7 mV below the voltage appended.
    """
    assert isinstance(panel.source, CurveSource)
    volts, amperes = panel.source.voltage_v[:-1], panel.source.current_a[0, :-1]
    last_v = volts[-1]
    parabola = np.polyfit(volts[-CONTINUED_POINTS:] - last_v, amperes[-CONTINUED_POINTS:], 2)
    parabola[2] = amperes[-1]  # through the last point
    roots = np.roots(parabola)
    beyond = np.linspace(0.0, min(root.real for root in roots if root.imag == 0 and root.real > 0), 11)[1:]
    further = np.minimum.accumulate(np.polyval(parabola, beyond))
    further[-1] = 0.0
    source = CurveSource(np.append(volts, last_v + beyond), np.append(amperes, further)[np.newaxis])
    return dataclasses.replace(panel, source=source)


def predict(board: Board, data: Path, capture: Capture) -> Prediction:
    """Simulate a capture's supply and application for as long as it was recorded, from `v_off` on."""
    supply = supply_of(board, capture)
    try:
        source = compile_source(source_of(data, capture), supply)
    except InputError:
        return Prediction("off")  # the panel's open-circuit voltage lies below v_on

    def run(tasks: tuple[Task, ...]) -> Run:
        boot = Cost(board.init.current_a * _load_v(supply) * board.init.duration_s, board.init.duration_s)
        return simulate(
            Case(
                supply=supply,
                source=source,
                schedule=tasks_alone(boot),
                policy=Restart(),
                workload=Workload(),
                application=Application(before=tasks),
                initial_voltage=supply.v_off,
                duration_s=capture.window_s,
            )
        )

    tasks = _tasks(board, capture.app, supply)
    result = run(tasks)
    if result.nontermination is None:
        return _summary(result)
    # A step never completes, which ends a run. What the node does until it browns out is the same if that has no end.
    cut = [task.name for task in tasks].index(result.nontermination.layer)
    endless = msgspec.structs.replace(tasks[cut], duration=None)
    return dataclasses.replace(_summary(run((*tasks[:cut], endless))), sends_per_on=0.0)


def _load_v(supply: Supply) -> float:
    assert supply.regulator is not None
    return supply.regulator.output_voltage


def _tasks(board: Board, app: str, supply: Supply) -> tuple[Task, ...]:
    def task(step: Step) -> Task:
        return Task(name=step.name, current=step.current_a, voltage=_load_v(supply), duration=step.duration_s)

    once = task(board.sense), *(task(step) for step in board.send)
    if app == "loop":
        return once
    return (*once, Task(name="BURN", current=board.burn_a, voltage=_load_v(supply)))


def _summary(run: Run) -> Prediction:
    cycles = run.power_cycles
    whole = [cycle for cycle in cycles if cycle.ended_by is CycleEnd.BROWN_OUT]
    if not cycles:
        return Prediction("off")
    if len(cycles) < 2:
        return Prediction("on")
    on = [cycle.off_s - cycle.on_s for cycle in whole]
    off = [after.on_s - before.off_s for before, after in pairwise(cycles)]
    sends = sum(task.done for task in run.tasks if task.name == "SEND")
    return Prediction("cycles", float(np.mean(on)), float(np.mean(off)), sends / len(cycles))
