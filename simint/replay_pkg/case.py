"""Replay a power trace: `python -m simint.replay`, and `replay()` for programs.

From trace to verdict: harvested power through the supply into the capacitor, the network tile by tile on the
microcontroller, with recovery whenever power fails.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from simint.cli import guarded
from simint.errors import InputError
from simint.replay_options import replay_parser, scenario_from_arguments

if TYPE_CHECKING:
    from simint.engine.event import Case
    from simint.engine.observer import Observer
    from simint.engine.run import Run
    from simint.scenario import Parts, Scenario
    from simint.tiling.design import ExecutionDesign


@dataclass(frozen=True, slots=True)
class Replay:
    """A finished replay: the run, and the scenario with everything it stood for, which reproduces it."""

    run: Run
    scenario: Scenario
    parts: Parts
    designs: tuple[ExecutionDesign, ...]


def replay(
    scenario: Scenario, observers: Sequence[Observer] = (), stop_requested: Callable[[], bool] = lambda: False
) -> Replay:
    """Replay one scenario with the event engine.

    `observers` look on; `stop_requested` is asked between events and ends the run as `interrupted`.
    Raises InputError for a scenario that contradicts itself, InfeasibleError where a layer has no legal tile.
    """
    from simint.engine.event import simulate
    from simint.scenario import load_parts, pinned

    parts = load_parts(scenario)
    designs = _designs(scenario, parts)
    run = simulate(prepare_case(scenario, parts, designs), observers, stop_requested)
    return Replay(run, pinned(scenario, parts, designs), parts, designs)


def prepare_case(scenario: Scenario, parts: Parts, designs: tuple[ExecutionDesign, ...]) -> Case:
    """The engine's view of a scenario: source behind the front end, schedule, policy, and when the run is over."""
    from simint.engine.event import Case
    from simint.engine.policy import policy_by_name
    from simint.physics.source import compile_source
    from simint.tiling.loop_nest import build_schedule
    from simint.trace.power_trace import TraceEnd

    duration = math.inf if scenario.duration is None else scenario.duration
    start, whole = scenario.trace.start, parts.trace.duration_s
    if scenario.trace.end is TraceEnd.STOP:
        if start >= whole:
            raise InputError(f"`trace.start` of {start:g} s lies behind the end of the trace ({whole:g} s)")
        duration = min(duration, whole - start)
    elif scenario.duration is None and scenario.workload.inferences is None:
        duration = whole
    supply = parts.supply
    initial = supply.v_off if scenario.initial_voltage is None else scenario.initial_voltage
    if initial > supply.ceiling:
        raise InputError(f"`initial_voltage` of {initial:g} V lies above the clamp at {supply.ceiling:g} V")
    return Case(
        supply=supply,
        source=compile_source(parts.trace, supply),
        schedule=build_schedule(parts.network, designs, parts.platform),
        policy=policy_by_name(scenario.policy.name, scenario.policy.guard),
        workload=scenario.workload,
        initial_voltage=initial,
        sleep_power_w=parts.platform.sleep_power,
        start_s=start,
        duration_s=duration,
        harvest_while_on=scenario.harvest_while_on,
        recharge_at_end=scenario.recharge_at_end,
    )


def _designs(scenario: Scenario, parts: Parts) -> tuple[ExecutionDesign, ...]:
    from simint.scenario import objective_of
    from simint.tiling.choose import choose_designs

    given = scenario.design.layers
    if given:
        if len(given) != len(parts.network.layers):
            raise InputError(
                f"`design.layers` has {len(given)} designs, network {parts.network.name!r} has "
                f"{len(parts.network.layers)} layers"
            )
        return given
    objective = objective_of(scenario, parts.platform)
    return choose_designs(parts.network, parts.platform, objective, parts.supply, scenario.design.margin)


def main(argv: list[str] | None = None) -> int:
    """The command; see `--help`."""
    return guarded(lambda: _run(replay_parser().parse_args(argv)))


def _run(arguments: argparse.Namespace) -> int:
    from simint.report.progress import Progress
    from simint.report.recorder import VoltageRecorder
    from simint.report.summary import summary_data, summary_json
    from simint.report.text import print_summary
    from simint.report.write import prepare_folder, write_report

    scenario = scenario_from_arguments(arguments)
    folder = None if arguments.out is None else prepare_folder(Path(arguments.out))
    recorder = VoltageRecorder()
    observers: list[Observer] = [] if folder is None else [recorder]
    interrupted = _interrupt_flag()
    with Progress(scenario) as progress:
        result = replay(scenario, [*observers, progress], interrupted)
    summary = summary_data(result)
    if arguments.json:
        print(summary_json(summary))
    else:
        print_summary(result)
    if folder is not None:
        write_report(folder, result, summary, recorder)
        if not arguments.json:
            print(f"written to {folder}")
    return 130 if result.run.verdict == "interrupted" else 0


def _interrupt_flag() -> Callable[[], bool]:
    """Ctrl-C asks the run to end with a valid partial result; a second one breaks off at once."""
    asked = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    signal.signal(signal.SIGINT, note)
    return lambda: asked


if __name__ == "__main__":
    sys.exit(main())
