"""Table 1: on-times, off-times and counts measured on the Botoks node, against simint's engine.

Parameters are those of the source's `setup.json` and of the panels' measured curves; nothing is fitted. A second table
then replaces what the captures show to be stated too coarsely, by numbers read from eight captures that are left out of
it, to say which part of the board the error comes from. `--captures` lists every capture.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from botoks import Board, Prediction, Step, predict, source_of, stated_board, supply_of
from captures import CONSTANT_CURRENT, Capture, load_captures, off_states, repeated_percent
from common import Report, Table, error_percent, median_and_90th, parser, run
from mains import HUM_HZ, explained_by_hum

from simint.hardware.supply import Supply
from simint.trace.curve_points import currents_at
from simint.trace.source import CurveSource

Predictor = Callable[[Capture], Prediction]
# Currents, uA, of the captures that calibrate: the largest for the capacitances, because there leakage and hum count
# least; those that brown out inside SEND with the smallest capacitor for its shape.
CAPACITANCE_CAPTURE_UA = 2000
SHAPE_CAPACITOR_UF, SHAPE_CAPTURES_UA = 10, (100, 200, 400, 600)
QUANTITIES = ("on-time", "off-time", "on-states", "sends")


def two_line_formula(board: Board, data: Path, capture: Capture) -> Prediction:
    """What a designer works out on paper, as a yardstick.

    t_off = C dV / (I - Iq); t_on from the same charge and the stated tasks, `loop` by the mean current of its tasks. A
    panel gives its current at the middle of the thresholds.
    """
    supply = supply_of(board, capture)
    middle_a = _current_at(data, capture, 0.5 * (supply.v_on + supply.v_off))
    charge_c = supply.capacitor.capacitance * (supply.v_on - supply.v_off)
    net_a = middle_a - supply.on_current
    before = (board.init,) if capture.app == "loop" else (board.init, board.sense, *board.send)
    repeated = (board.sense, *board.send)
    last_a = _mean_current(repeated) if capture.app == "loop" else board.burn_a
    spent_c = sum((step.current_a - net_a) * step.duration_s for step in before)
    on_s = sum(step.duration_s for step in before) + (charge_c - spent_c) / (last_a - net_a)
    sends = max(0.0, (on_s - board.init.duration_s) / sum(step.duration_s for step in repeated))
    sends = float(int(sends)) if capture.app == "loop" else min(float(int(sends)), 1.0)
    return Prediction("cycles", on_s, charge_c / (middle_a - supply.quiescent), sends)


def _current_at(data: Path, capture: Capture, volts: float) -> float:
    if capture.current_a is not None:
        return capture.current_a
    panel = source_of(data, capture).source
    assert isinstance(panel, CurveSource)
    return float(currents_at(panel.voltage_v, panel.current_a, np.zeros(1, dtype=np.intp), np.array([volts]))[0])


def _mean_current(steps: Sequence[Step]) -> float:
    return sum(step.current_a * step.duration_s for step in steps) / sum(step.duration_s for step in steps)


def calibration(captures: Iterable[Capture]) -> tuple[list[Capture], list[Capture]]:
    """The captures that give the capacitances in place, and those that give the shape of SEND."""
    burn = [capture for capture in captures if capture.app == "burn" and capture.current_a is not None]
    largest = [capture for capture in burn if _microampere(capture) == CAPACITANCE_CAPTURE_UA]
    inside_send = [
        capture
        for capture in burn
        if capture.capacitor_uf == SHAPE_CAPACITOR_UF and _microampere(capture) in SHAPE_CAPTURES_UA
    ]
    return largest, sorted(inside_send, key=lambda capture: capture.on_s)


def unused(captures: Iterable[Capture], calibrating: Iterable[Capture]) -> list[Capture]:
    """The captures that calibrate nothing, nor do so with the other application under the same supply."""
    used = {(capture.capacitor_uf, capture.current_a) for capture in calibrating}
    return [capture for capture in captures if (capture.capacitor_uf, capture.current_a) not in used]


def _microampere(capture: Capture) -> int:
    assert capture.current_a is not None
    return round(capture.current_a * 1e6)


def with_capacitances(board: Board, largest: Sequence[Capture]) -> Board:
    """The board with capacitances as the off-times of one capture each say: C = t_off (I - Iq) / (v_on - v_off)."""
    supply: Supply = board.supply
    in_place = {
        capture.capacitor_uf: capture.off_s * (capture.current_a - supply.quiescent) / (supply.v_on - supply.v_off)
        for capture in largest
        if capture.current_a is not None
    }
    return dataclasses.replace(board, capacitance_f=in_place)


def with_send_shape(board: Board, inside_send: Sequence[Capture]) -> Board:
    """The board with SEND in steps between the brown-outs of captures that ended inside it, its charge as stated.

    What the load drew until a brown-out is what the capacitor took while off, and what came in while on.
    """
    supply, (send,) = board.supply, board.send
    first = board.init.duration_s + board.sense.duration_s
    first_c = board.init.current_a * board.init.duration_s + board.sense.current_a * board.sense.duration_s
    ends, charges = [0.0], [0.0]
    for capture in inside_send:
        assert capture.current_a is not None
        while_off = capture.off_s * (capture.current_a - supply.quiescent)
        while_on = capture.on_s * (capture.current_a - supply.on_current)
        ends.append(capture.on_s - first)
        charges.append(while_off + while_on - first_c)
    ends.append(send.duration_s)
    charges.append(send.current_a * send.duration_s)
    lengths, drawn = np.diff(ends), np.diff(charges)
    names = [f"{send.name} {k}" for k in range(1, lengths.size)] + [send.name]
    steps = tuple(
        Step(name, float(length), float(charge / length))
        for name, length, charge in zip(names, lengths, drawn, strict=True)
    )
    return dataclasses.replace(board, send=steps)


def errors(capture: Capture, predicted: Prediction) -> dict[str, float]:
    """Signed errors in percent by quantity; NaN where it is undefined (nothing sent, or nothing predicted).

    Counts expected in a window that begins anywhere in the cycle: whole on-states, and sends.
    """
    if predicted.state != "cycles":
        return dict.fromkeys(QUANTITIES, float("nan"))
    cycle_s = predicted.on_s + predicted.off_s
    sends = predicted.sends_per_on * capture.window_s / cycle_s
    return {
        "on-time": error_percent(predicted.on_s, capture.on_s),
        "off-time": error_percent(predicted.off_s, capture.off_s),
        "on-states": error_percent((capture.window_s - predicted.on_s) / cycle_s, capture.on_states),
        "sends": error_percent(sends, capture.sends) if capture.sends else float("nan"),
    }


def sets(captures: Iterable[Capture]) -> dict[str, list[Capture]]:
    """The captures that count, by set; constant current apart by application."""
    found: dict[str, list[Capture]] = {}
    for capture in captures:
        if capture.cycles:
            name = capture.source + (f", `{capture.app}`" if capture.source == CONSTANT_CURRENT else "")
            found.setdefault(name, []).append(capture)
    return found


def spread(captures: Sequence[Capture], predictor: Predictor) -> tuple[dict[str, str], int]:
    """Median and 90th percentile of the absolute errors with the signed median, by quantity; captures without any."""
    rows = [errors(capture, predictor(capture)) for capture in captures]
    missed = sum(bool(np.isnan(row["on-time"])) for row in rows)
    texts = {}
    for quantity in QUANTITIES:
        values = [row[quantity] for row in rows if not np.isnan(row[quantity])]
        median, high = median_and_90th(values)
        texts[quantity] = f"{median:.1f} / {high:.1f} ({np.median(values):+.1f})"
    return texts, missed


def stated_table(by_set: Mapping[str, list[Capture]], predictor: Predictor, paper: Predictor) -> Table:
    """Table 1a: parameters as stated."""
    rows = []
    for name, captures in by_set.items():
        by_paper, _ = spread(captures, paper)
        by_engine, missed = spread(captures, predictor)
        same_source = [capture for capture in by_set["all"] if name == "all" or capture.source == captures[0].source]
        median, high = median_and_90th(repeated_percent(same_source))
        times = [by_paper["on-time"], by_engine["on-time"], by_paper["off-time"], by_engine["off-time"]]
        counts = [by_engine["on-states"], by_engine["sends"]]
        rows.append([name, str(len(captures)), str(missed), *times, f"{median:.1f} / {high:.1f}", *counts])
    header = ["set", "captures", "missed", "on-time: two lines", "on-time: simint", "off-time: two lines"]
    header += ["off-time: simint", "off-time: measured twice", "on-states: simint", "sends: simint"]
    return Table(header, rows, "**1a. Stated parameters: error in %, median / 90th percentile (signed median)**")


def cause_table(variants: Mapping[str, Predictor], captures: Sequence[Capture]) -> Table:
    """Table 1b: the same with parts of the board as eight captures show them; these and their twins are left out."""
    rows = []
    for name, predictor in variants.items():
        for source in dict.fromkeys(capture.source for capture in captures):
            mine = [capture for capture in captures if capture.source == source]
            texts, missed = spread(mine, predictor)
            rows.append([name, source, str(len(mine)), str(missed), *(texts[quantity] for quantity in QUANTITIES)])
    header = ["parameters", "source", "captures", "missed", *QUANTITIES]
    return Table(
        header, rows, "**1b. Where the error comes from: error in %, median / 90th percentile (signed median)**"
    )


def state_table(captures: Sequence[Capture], predictor: Predictor) -> Table:
    """Table 1c: what the node did all the time, for every capture of the data set."""
    counts: dict[tuple[str, str, str], int] = {}
    for capture in captures:
        key = (capture.source, capture.state, predictor(capture).state)
        counts[key] = counts.get(key, 0) + 1
    rows = [[*key, str(count)] for key, count in sorted(counts.items())]
    return Table(["source", "measured", "predicted", "captures"], rows, "**1c. On, off, or in cycles**")


def hum_table(data: Path, captures: Sequence[Capture]) -> Table:
    """Table 1d: how much of the scatter of off-times inside a capture a hum on the comparator's input explains."""
    mine = [capture for capture in captures if capture.current_a is not None and capture.off_states >= 20]
    rows = []
    for centre in (HUM_HZ, HUM_HZ - 3.0, HUM_HZ + 3.0):
        fits = [
            explained_by_hum(states, capture.current_a / capacitance, centre)
            for states, capture, capacitance in zip(
                off_states(data, mine), mine, _capacitances(data, mine), strict=True
            )
            if capture.current_a is not None
        ]
        share = np.array([fit.share for fit in fits])
        millivolts = 1e3 * np.array([fit.amplitude_v for fit in fits])
        amplitude = f"{np.median(millivolts[share > 0.9]):.1f}" if (share > 0.9).sum() > 5 else "-"
        rows.append(
            [f"{centre:.0f} Hz", str(len(fits)), f"{100 * np.median(share):.0f} %", str((share > 0.9).sum()), amplitude]
        )
    header = ["frequency", "captures", "median share of variance", "captures above 90 %", "their median amplitude, mV"]
    return Table(header, rows, "**1d. Scatter of off-times inside constant-current captures**")


def _capacitances(data: Path, captures: Sequence[Capture]) -> list[float]:
    stated = stated_board(data).capacitance_f
    return [stated[capture.capacitor_uf] for capture in captures]


def capture_table(captures: Sequence[Capture], predictor: Predictor) -> Table:
    """Every capture that counts, with its signed errors."""
    rows = []
    for capture in captures:
        found = errors(capture, predictor(capture))
        rows.append(
            [f"{capture.source}, {capture.name}", f"{1e3 * capture.on_s:.2f}", f"{1e3 * capture.off_s:.2f}"]
            + [f"{found[quantity]:+.1f}" for quantity in QUANTITIES]
        )
    header = ["capture", "on, ms", "off, ms", *(f"{quantity}, %" for quantity in QUANTITIES)]
    return Table(header, rows, "**Every capture: signed error of simint with stated parameters**")


def make(data: Path, every: bool = False) -> Report:
    """All tables from the data folder."""
    captures = load_captures(data)
    complete = [capture for capture in captures if capture.cycles]
    stated = stated_board(data)
    largest, inside_send = calibration(captures)
    in_place = with_capacitances(stated, largest)
    shaped = with_send_shape(in_place, inside_send)
    predictor = engine(stated, data)
    rest = unused(complete, [*largest, *inside_send])
    variants = {
        "as stated": predictor,
        "capacitances in place": engine(in_place, data),
        "and SEND in steps": engine(shaped, data),
    }
    by_set = {**sets(captures), "all": complete}
    tables = [
        stated_table(by_set, predictor, lambda capture: two_line_formula(stated, data, capture)),
        cause_table(variants, rest),
        state_table(captures, predictor),
        hum_table(data, complete),
    ]
    if every:
        tables.append(capture_table(complete, predictor))
    return Report(f"{len(complete)} of {len(captures)} captures have complete states of both kinds.", tables)


def engine(board: Board, data: Path) -> Predictor:
    """Predictions of simint's engine for a board, each capture simulated once."""
    known: dict[int, Prediction] = {}

    def predictor(capture: Capture) -> Prediction:
        if capture.number not in known:
            known[capture.number] = predict(board, data, capture)
        return known[capture.number]

    return predictor


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    made = parser(__doc__)
    made.add_argument("--captures", action="store_true", help="also list every capture")

    def body(data: Path, options: argparse.Namespace) -> Report:
        return make(data, options.captures)

    return run(made, body, argv)


if __name__ == "__main__":
    sys.exit(main())
