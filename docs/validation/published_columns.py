"""The columns of table 4 that are replays: supply, policy and trace of each, and for how long it runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import msgspec

from simint.scenario import PolicyChoice, Scenario, TraceChoice
from simint.trace.readers.options import ReadOptions

PUBLISHED_COSTS = "msp430fr5994-tinas2024"
# What ends the label of a column whose board is the preset `boost` as it is.
ONE_MILLIFARAD = "/1mF"
DAY_S = 86_400.0
# The bench's thresholds (simint/hardware/presets/supplies/thevenin.toml), and thresholds below the clamp of the preset
# `boost` with the same energy between them, so that a power cycle offers the same 24.4 mJ.
BENCH_ON, BENCH_OFF = 4.535, 3.290
BOOST_ON = 4.45
BOOST_OFF = math.sqrt(BOOST_ON**2 - (BENCH_ON**2 - BENCH_OFF**2))
# A cell of 10 mm2 and 15 % turns 1000 W/m2 into 1.5 mW, a quarter of what the device draws.
CELL = ReadOptions(step_s=60.0, irradiance_unit="W/m2", cell_area_m2=10e-6, cell_efficiency=0.15)


@dataclass(frozen=True)
class Column:
    """One way to run every network: `scenario` leaves network and designs open; `duration_s` by data set."""

    label: str
    note: str
    scenario: Scenario
    duration_s: dict[str, float]
    own_designs: bool = False


@dataclass(frozen=True)
class _Recording:
    """A trace, the length of one pass (or day) of it, and how many of them for each data set."""

    label: str
    note: str
    trace: TraceChoice
    pass_s: float
    har_passes: int
    cifar10_passes: int


def columns(data: Path) -> list[Column]:
    """All replayed columns, the bench first, then the traces into 5 mF and into 1 mF; traces are read from `data`."""
    recordings = _recordings(data)
    return [*_bench_columns(), *map(_like_the_bench, recordings), *map(_one_millifarad, recordings)]


def _bench_columns() -> list[Column]:
    bench = Scenario(
        trace=TraceChoice(name="thevenin-bench"), supply="thevenin", platform=PUBLISHED_COSTS, initial_voltage=BENCH_ON
    )
    shutdown = msgspec.structs.replace(bench, policy=PolicyChoice(name="tile-shutdown"))
    own = msgspec.structs.replace(bench, platform="msp430fr5994")
    duration_s = {"HAR": 3000.0, "CIFAR10": 20_000.0}
    board = "5.892 V behind 2800 ohm into 5 mF, on at 4.535 V, off at 3.290 V"
    return [
        Column("shutdown", f"policy tile-shutdown on the bench: {board}", shutdown, duration_s),
        Column("tile", "policy tile on the bench: on until brown-out", bench, duration_s),
        Column("own", "as tile; costs of consistent mode, designs chosen for them", own, duration_s, own_designs=True),
    ]


def _like_the_bench(recording: _Recording) -> Column:
    scenario = Scenario(
        trace=recording.trace,
        supply="boost",
        platform=PUBLISHED_COSTS,
        capacitance=5e-3,
        v_on=BOOST_ON,
        v_off=BOOST_OFF,
    )
    note = f"{recording.note}; preset boost with 5 mF, on at {BOOST_ON:.2f} V, off at {BOOST_OFF:.2f} V"
    return Column(recording.label, note, scenario, _durations(recording))


def _one_millifarad(recording: _Recording) -> Column:
    scenario = Scenario(trace=recording.trace, supply="boost", platform=PUBLISHED_COSTS)
    note = "the same trace; preset boost as it is: 1 mF, on at 3.3 V, off at 2.4 V"
    return Column(f"{recording.label}{ONE_MILLIFARAD}", note, scenario, _durations(recording))


def _durations(recording: _Recording) -> dict[str, float]:
    return {
        "HAR": recording.har_passes * recording.pass_s,
        "CIFAR10": recording.cifar10_passes * recording.pass_s,
    }


def _recordings(data: Path) -> list[_Recording]:
    """Each goes round so often that about 200 HAR or 100 CIFAR10 inferences are finished."""

    def trace(name: str, read: ReadOptions | None = None, start: float = 0.0) -> TraceChoice:
        return TraceChoice(name=str(data / name), read=read or ReadOptions(), start=start)

    weak = "Mementos trace 1, power into its 30 kohm load, 1 kHz"
    sun = "irradiance at Golden, September 2018, from noon, cell of 10 mm2 and 15 %, 1 min"
    jog = "solar cell while jogging, IV curves at the maximum power point, 50 Hz"
    mementos = trace("rf_mementos/mementos_rf.npz#trace_01")
    jogging = trace("solar_jogging_iv/jogging_10m_iv.npz")
    golden = trace("solar_srrl_1min/srrl_cm3_ghi.npz#ghi_2018sep", CELL, start=0.5 * DAY_S)
    return [
        _Recording("rf-wisp", weak, mementos, 25.274, 1600, 24_000),
        _Recording("rf-cart", "REACT cart, 50 Hz", trace("rf_react/rf-cart.trace"), 313.12, 10, 120),
        _Recording("rf-mobile", "REACT mobile, 50 Hz", trace("rf_react/rf-mobile.trace"), 318.18, 32, 500),
        _Recording("jogging", jog, jogging, 616.68, 16, 220),
        _Recording("outdoor", sun, golden, DAY_S, 1, 9),
    ]
