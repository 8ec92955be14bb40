"""The summary of a replay for people: a few tables that fit 80 columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TextIO

from simint.report.shares import Share, energy_shares, income_j, time_shares
from simint.report.summary import summary_data
from simint.units import format_duration, format_quantity

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from simint.replay import Replay
    from simint.report.schema import Summary

_WIDTH = 80  # what a terminal at least has; wider tables are harder to read, not easier
_BAR = 16  # characters of a full bar
_LEAST = 5e-5  # a share that prints as 0.0 % gets no row
_STYLES = {"completed": "green", "stopped": "yellow", "interrupted": "yellow"}


def print_summary(replay: Replay, file: TextIO | None = None) -> None:
    """Print verdict, inferences, books, overhead and hint to `file` (stdout by default); colours only on a terminal."""
    from rich.console import Console
    from rich.text import Text

    run, summary = replay.run, summary_data(replay)
    console = Console(file=file, highlight=False)
    console.width = min(console.width, _WIDTH)
    console.print(_verdict(summary))
    console.print(Text(_inputs(summary), style="dim"))
    console.print()
    _print_facts(console, summary)
    came_in = format_quantity(income_j(run.energy), "J", 3)
    _print_shares(console, f"Where the energy went (of {came_in})", energy_shares(run.energy), _joules)
    lasted = format_duration(run.duration_s)
    _print_shares(console, f"Where the time went (of {lasted})", time_shares(run.time), format_duration)
    console.print(Text.assemble(("Hint  ", "bold"), summary.hint))


def _verdict(summary: Summary) -> str:
    style = _STYLES.get(summary.verdict, "red")
    words = f"[bold {style}]{summary.verdict}[/]: {_done(summary)} in {format_duration(summary.duration_s)}"
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
    chosen = f", designs: best {inputs.objective}" if inputs.objective else ""
    return (
        f"{inputs.network} on {inputs.platform}, policy {policy}{chosen}; trace {inputs.trace}, "
        f"supply {inputs.supply}, {capacitor}, {inputs.v_on_v:g}/{inputs.v_off_v:g} V"
    )


def _print_facts(console: Console, summary: Summary) -> None:
    table = _bare_table()
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for label, words in _facts(summary):
        table.add_row(label, words)
    console.print(table)
    console.print()


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
        facts.append(("Inference", f"{energy} each, {3600 * inferences.throughput_per_s:,.3g} per hour"))
    if summary.inputs.deadline_s is not None or inferences.dropped:
        facts.append(("Deadlines", f"{inferences.deadlines_missed:,} missed, {inferences.dropped:,} releases dropped"))
    if summary.first_turn_on_s is not None:
        facts.append(("First turn-on", f"after {format_duration(summary.first_turn_on_s)}"))
    if cycles.count:
        facts.append(("Power cycles", _cycles(summary)))
    if tiles.committed or tiles.lost:
        words = f"{tiles.committed:,} committed, {tiles.lost:,} lost ({tiles.re_executed_pct:.2g} % re-executed)"
        facts.append(("Tiles", words))
    overhead = summary.overhead
    if overhead.working_s > 0:
        words = (
            f"{overhead.imo_pct:.3g} %, {format_duration(overhead.overhead_s)} of {format_duration(overhead.working_s)}"
        )
        facts.append(("IMO", f"{words} working time is intermittency management overhead"))
    facts.append(("Trace", _passes(summary)))
    return facts


def _cycles(summary: Summary) -> str:
    cycles = summary.power_cycles
    words = f"{cycles.count:,} ({cycles.brown_outs:,} ended by brown-out)"
    if cycles.per_inference is not None and summary.inferences.completed:
        words += f", {cycles.per_inference:.3g} per inference"
    if cycles.mean_on_s is not None:
        words += f", mean on-time {format_duration(cycles.mean_on_s)}"
    return words


def _passes(summary: Summary) -> str:
    passes = "1 pass" if summary.trace_passes == 1 else f"{summary.trace_passes:,} passes"
    length = format_duration(summary.inputs.trace_duration_s)
    ends = {"loop": "it loops at its end", "hold": "its last value holds", "stop": "the run stops at its end"}
    return f"{passes} of {length} begun; {ends[summary.inputs.trace_end]}"


def _print_shares(console: Console, title: str, shares: Sequence[Share], amount: Callable[[float], str]) -> None:
    """A table of one book, largest first; what would print as nothing gets no row."""
    rows = sorted((share for share in shares if share.share >= _LEAST), key=lambda share: -share.share)
    if not rows:
        return
    table = _bare_table()
    table.add_column(no_wrap=True, min_width=24)
    table.add_column(justify="right", no_wrap=True, min_width=14)
    table.add_column(justify="right", no_wrap=True, min_width=8)
    table.add_column(style="cyan", no_wrap=True)
    for row in rows:
        table.add_row(row.label, amount(row.amount), f"{100 * row.share:.1f} %", "▇" * round(_BAR * row.share))
    console.print(f"[bold]{title}[/]")
    console.print(table)
    console.print()


def _joules(amount: float) -> str:
    return format_quantity(amount, "J", 3)


def _bare_table() -> Table:
    from rich.table import Table

    return Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
