"""The summary of a replay for people: a few tables that fit 80 columns."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from simint.report.shares import Share, energy_shares, income_j, time_shares
from simint.report.summary import summary_data
from simint.units import format_duration, format_quantity

if TYPE_CHECKING:
    from simint.replay.case import Replay
    from simint.report.schema import CheckpointSummary, Summary, TaskSummary

_WIDTH = 80  # what a terminal at least has; wider tables are harder to read, not easier
_ROW = 50  # columns of a row without its bar
_BAR = 16  # characters of a full bar
_LEAST = 5e-4  # a share that prints as 0.0 % gets no row
_LABEL = 15  # columns
_STYLES = {"completed": "bold green", "stopped": "bold yellow", "interrupted": "bold yellow"}


def print_summary(replay: Replay, file: TextIO | None = None) -> None:
    """Print verdict, inferences, books, overhead and hint to `file` (stdout by default); colours only on a terminal."""
    from rich.console import Console

    console = Console(file=file, highlight=False, markup=False, soft_wrap=True)
    width = min(console.width, _WIDTH)
    for line in summary_lines(replay, width):
        console.print(line.text, style=line.style)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report, and how a terminal shows it."""

    text: str = ""
    style: str = ""


def summary_lines(replay: Replay, width: int = _WIDTH) -> list[Line]:
    """The report, each line at most `width` columns wide."""
    run, summary = replay.run, summary_data(replay)
    came_in, lasted = format_quantity(income_j(run.energy), "J", 3), format_duration(run.duration_s)
    lines = _wrapped("", _verdict(summary), width, _STYLES.get(summary.verdict, "bold red"))
    lines += _wrapped("", _inputs(summary), width, "dim")
    lines.append(Line())
    for label, words in _facts(summary):
        lines += _wrapped(label, words, width)
    lines += _book(f"Where the energy went (of {came_in})", energy_shares(run.energy), _joules, width)
    lines += _book(f"Where the time went (of {lasted})", time_shares(run.time), format_duration, width)
    return [*lines, Line(), *_wrapped("Hint", summary.hint, width, "bold")]


def _wrapped(label: str, words: str, width: int, style: str = "") -> list[Line]:
    """A label and its words, which go on below themselves."""
    indent = " " * _LABEL if label else ""
    # Numbers stay with their units.
    kept = re.sub(r"(?<=\d) (?=\S)", "\u00a0", words)
    first = label.ljust(len(indent))
    lines = textwrap.wrap(kept, width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)
    return [Line(line.replace("\u00a0", " "), style) for line in lines]


def _verdict(summary: Summary) -> str:
    words = f"{summary.verdict}: {_done(summary)} in {format_duration(summary.duration_s)}"
    if summary.partial:
        words += " (partial result, interrupted)"
    return f"{words}; {summary.note}" if summary.note else words


def _done(summary: Summary) -> str:
    inferences = summary.inferences
    done = f"{inferences.completed:,}"
    if inferences.requested is not None:
        done += f" of {inferences.requested:,}"
    begun = inferences.progress - inferences.completed
    partly = f" and {100 * begun:.0f} % of one more" if 0.005 <= begun < 1 else ""
    return f"{done} {'inference' if done == '1' else 'inferences'}{partly}"


def _inputs(summary: Summary) -> str:
    inputs = summary.inputs
    capacitor = format_quantity(inputs.capacitance_f, "F")
    policy = inputs.policy + (" with guard" if inputs.guard else "")
    if inputs.checkpoint_period_s is not None:
        policy += f" of {format_duration(inputs.checkpoint_period_s)}"
    chosen = f", designs: best {inputs.objective}" if inputs.objective else ""
    return (
        f"{inputs.network} on {inputs.platform}, policy {policy}{chosen}; trace {inputs.trace}, "
        f"supply {inputs.supply}, {capacitor}, {inputs.v_on_v:g}/{inputs.v_off_v:g} V; {summary.engine} engine"
    )


def _facts(summary: Summary) -> list[tuple[str, str]]:
    """Label and value of every line that has something to say."""
    inferences, cycles, tiles = summary.inferences, summary.power_cycles, summary.tiles
    facts = []
    if inferences.latency is not None:
        latency = inferences.latency
        words = f"median {format_duration(latency.median_s)}, 95th percentile {format_duration(latency.p95_s)}"
        if inferences.completed > 1:
            words += f" ({format_duration(latency.min_s)} to {format_duration(latency.max_s)})"
        facts.append(("Latency", words))
    if inferences.completed and inferences.throughput_per_s and inferences.energy_per_inference_j is not None:
        energy = format_quantity(inferences.energy_per_inference_j, "J", 3)
        facts.append(("Inference", f"{energy} each, {_rate(3600 * inferences.throughput_per_s)} per hour"))
    if summary.inputs.deadline_s is not None or inferences.dropped:
        facts.append(("Deadlines", f"{inferences.deadlines_missed:,} missed, {inferences.dropped:,} releases dropped"))
    if summary.first_turn_on_s is not None:
        facts.append(("First turn-on", f"after {format_duration(summary.first_turn_on_s)}"))
    if cycles.count:
        facts.append(("Power cycles", _cycles(summary)))
    if tiles.committed or tiles.lost:
        words = f"{tiles.committed:,} committed, {tiles.lost:,} lost ({tiles.re_executed_pct:.3g} % re-executed)"
        facts.append(("Tiles", words))
    if summary.tasks:
        facts.append(("Tasks", ", ".join(f"{each.name} {_task(each)}" for each in summary.tasks)))
    if summary.checkpoints is not None:
        facts.append(("Checkpoints", _checkpoints(summary.checkpoints)))
    overhead = summary.overhead
    if overhead.working_s > 0:
        words = f"{overhead.imo_pct:.3g} %: {format_duration(overhead.overhead_s)} overhead"
        facts.append(("IMO", f"{words} in {format_duration(overhead.working_s)} of working time"))
    facts.append(("Trace", _passes(summary)))
    if summary.inputs.trace_provenance:
        facts.append(("Read from", summary.inputs.trace_provenance))
    return facts


def _rate(per_hour: float) -> str:
    return f"{per_hour:,.0f}" if per_hour >= 100 else f"{per_hour:.3g}"


def _cycles(summary: Summary) -> str:
    cycles = summary.power_cycles
    words = f"{cycles.count:,} ({cycles.brown_outs:,} ended by brown-out)"
    if cycles.per_inference is not None and summary.inferences.completed:
        words += f", {cycles.per_inference:.3g} per inference"
    if cycles.mean_on_s is not None:
        words += f", mean on-time {format_duration(cycles.mean_on_s)}"
    return words


def _task(task: TaskSummary) -> str:
    return f"{task.done:,} done" + (f" ({task.cut:,} cut by power failures)" if task.cut else "")


def _checkpoints(checkpoints: CheckpointSummary) -> str:
    words = f"{checkpoints.saved:,} saved, {checkpoints.torn:,} torn, {checkpoints.restored:,} restored"
    if checkpoints.v_checkpoint_v is not None:
        words += f"; saved at {checkpoints.v_checkpoint_v:.3g} V, resumed at {checkpoints.v_resume_v:.3g} V"
    return words


def _passes(summary: Summary) -> str:
    passes = "1 pass" if summary.trace_passes == 1 else f"{summary.trace_passes:,} passes"
    length = format_duration(summary.inputs.trace_duration_s)
    ends = {"loop": "it loops at its end", "hold": "its last value holds", "stop": "the run stops at its end"}
    return f"{passes} of {length} begun; {ends[summary.inputs.trace_end]}"


def _book(title: str, shares: Sequence[Share], amount: Callable[[float], str], width: int) -> list[Line]:
    """One book as a table, largest first; what would print as nothing gets no row."""
    rows = sorted((share for share in shares if share.share >= _LEAST), key=lambda share: -share.share)
    if not rows:
        return []
    lines = [Line(), Line(title, "bold")]
    for row in rows:
        bar = "#" * round(min(_BAR, width - _ROW) * row.share)
        lines.append(Line(f"{row.label:<24}{amount(row.amount):>14}{100 * row.share:>8.1f} %  {bar}".rstrip()))
    return lines


def _joules(amount: float) -> str:
    return format_quantity(amount, "J", 3)
