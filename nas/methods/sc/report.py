"""What a run of SC-NAS found, in words and numbers."""

from __future__ import annotations

from dataclasses import dataclass

from nas.methods.pareto.front import front_of
from nas.methods.sc.baselines import whole_space
from nas.methods.sc.run import PURE_REACH, FinalAccuracies, ScRun, ScSearched, best_within, most_accurate
from nas.methods.sc.space import ScSpace
from nas.problem.evaluation import Evaluation
from simint.units import format_quantity


@dataclass(frozen=True, slots=True)
class Saving:
    """A design beside the cheapest floating-point network that is at least as accurate; None where none is.

    `float32`, `int8`: how many times the energy of the design the network takes in that arithmetic.
    """

    design: Evaluation
    network: Evaluation | None
    float32: float | None
    int8: float | None


def saving(run: ScRun, design: Evaluation) -> Saving:
    """How many times the energy of a design binary arithmetic takes for its accuracy."""
    accurate = [
        entry
        for entry in run.floating.evaluations
        if not entry.reason and entry.measures.accuracy_percent >= design.measures.accuracy_percent
    ]
    if not accurate:
        return Saving(design, None, None, None)
    cheapest = min(accurate, key=lambda entry: entry.costs.macs)
    return Saving(design, cheapest, *_ratios(run, cheapest, design))


def report_text(run: ScRun) -> str:
    """The whole report, plain text."""
    best = most_accurate(run.stochastic.evaluations)
    return "\n".join((*_space_lines(run), "", *_search_lines(run), "", *_best_lines(run, best), "", *_front_lines(run)))


def final_text(final: FinalAccuracies) -> str:
    """Accuracies on the test split."""
    rows = (
        ("SC-NAS best", final.stochastic_percent),
        ("floating-point best", final.floating_percent),
        ("pure SC best", final.pure_percent),
    )
    return "\n".join(f"test accuracy of {name}: {accuracy_percent:.1f} %" for name, accuracy_percent in rows)


def search_efficiency(run: ScRun) -> float:
    """Designs of the full space for every one that was evaluated."""
    return run.contracted[0].before / run.stochastic.counts.evaluated


def _space_lines(run: ScRun) -> list[str]:
    lines = [f"space {run.space.name}: |full| {_count(run.contracted[0].before)}"]
    lines += [f"  {rule.rule:14} {_count(rule.after):>10}  {rule.why}" for rule in run.contracted]
    return [*lines, f"|contracted| {_count(run.contracted[-1].after)}"]


def _search_lines(run: ScRun) -> list[str]:
    return [
        f"energy gate {_energy(run.energy_max_j)}",
        _counts_line("SC-NAS", run.stochastic),
        _counts_line("floating-point NAS", run.floating),
        f"search efficiency |full| / evaluated: {search_efficiency(run):.2g}",
    ]


def _counts_line(name: str, searched: ScSearched) -> str:
    counts = searched.counts
    return (
        f"{name}: {counts.proposed} proposed, {counts.gated} gated, {counts.duplicates} duplicates, "
        f"{counts.evaluated} evaluated, {searched.seconds / max(1, counts.evaluated):.2f} s per evaluation"
    )


def _best_lines(run: ScRun, best: Evaluation) -> list[str]:
    found = saving(run, best)
    float32, int8 = _ratios(run, run.fixed, best)
    lines = [
        f"SC-NAS best:      {_design(run.space, best)}",
        f"floating-point best: {_percent(run.fixed)} at {_energy(run.fixed.costs.active_j)} in float32, "
        f"{_energy(run.int8_j(run.fixed))} in int8  {run.space.network_word(run.fixed.genome)}",
        f"  against it SC-NAS takes {float32:.2f}x less energy than float32, {int8:.2f}x less than int8, at "
        f"{best.measures.accuracy_percent - run.fixed.measures.accuracy_percent:+.1f} points",
    ]
    if found.network is None:
        lines.append("  at equal accuracy: no floating-point network of this run is as accurate")
    else:
        lines.append(
            f"  at equal accuracy ({_percent(found.network)} by {run.space.network_word(found.network.genome)}): "
            f"{found.float32:.2f}x less energy than float32, {found.int8:.2f}x less than int8"
        )
    return [*lines, *_pure_lines(run, best)]


def _pure_lines(run: ScRun, best: Evaluation) -> list[str]:
    pure = best_within(run.pure, run.energy_max_j)
    if pure is None:
        pure = most_accurate(run.pure)
        lines = [f"pure SC: nothing within the limit, its best up to {PURE_REACH:g}x its least energy is"]
    else:
        lines = [f"pure SC, the floating-point best on the best of {len(run.pure)} configurations within the limit:"]
    lines.append(f"                  {_design(whole_space(run.space), pure)}")
    beside = best_within(run.stochastic.evaluations, pure.costs.active_j)
    if beside is not None:
        gain = beside.measures.accuracy_percent - pure.measures.accuracy_percent
        lines.append(f"  with at most its energy SC-NAS has {_design(run.space, beside)}, {gain:+.1f} points")
    equal = [entry for entry in run.pure if entry.measures.accuracy_percent >= best.measures.accuracy_percent]
    if equal:
        ratio = min(entry.costs.active_j for entry in equal) / best.costs.active_j
        lines.append(f"  for the accuracy of the SC-NAS best it takes {ratio:.2f}x the energy")
    else:
        lines.append("  no hardware that was tried gives it the accuracy of the SC-NAS best")
    return lines


def _front_lines(run: ScRun) -> list[str]:
    lines = ["front: accuracy, energy, times the energy in float32 and int8 at equal accuracy, pure SC at equal energy"]
    front = front_of(run.stochastic.problem.objectives, run.stochastic.evaluations)
    for design in sorted(front, key=lambda entry: entry.costs.active_j):
        found = saving(run, design)
        pure = best_within(run.pure, design.costs.active_j)
        ratios = "-" if found.float32 is None else f"{found.float32:5.2f}x {found.int8:5.2f}x"
        lines.append(
            f"  {_percent(design)} {_energy(design.costs.active_j):>8} {ratios:>14} "
            f"{'-' if pure is None else _percent(pure):>7}  {run.space.word(design.genome)}"
        )
    return lines


def _ratios(run: ScRun, network: Evaluation, design: Evaluation) -> tuple[float, float]:
    """Energy of a network in float32 and in int8 over that of a design."""
    energy = design.costs.active_j
    return network.costs.macs * run.energies.float32.mac / energy, run.int8_j(network) / energy


def _design(space: ScSpace, design: Evaluation) -> str:
    return f"{_percent(design)} at {_energy(design.costs.active_j)}  {space.word(design.genome)}"


def _percent(entry: Evaluation) -> str:
    return f"{entry.measures.accuracy_percent:.1f} %"


def _energy(energy_j: float) -> str:
    return format_quantity(energy_j, "J", 3)


def _count(number: int) -> str:
    return f"{number:,}" if number < 10**7 else f"{number:.3g}"
