"""What `dnas_sweep.py` prints: its tables, what follows from them, and a picture of the fronts."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nas.methods.dnas.config import DnasConfig, Objective, memory_limit
from nas.methods.dnas.constraint import permitted_within
from nas.methods.dnas.costs import SearchCosts
from nas.methods.dnas.result import DnasResult
from nas.problem.evaluation import Measures

NEGLIGIBLE_POINTS = 0.5  # of accuracy lost, mean over seeds
SMALL_POINTS = 1.0  # as far as trainings of one network lie apart, see the ranges of the seed networks
EQUAL_SHARE = 0.85  # of the limit used by networks that count as being of equal memory
DAY_S = 86400.0
_ENUMERATED = 300_000  # networks of one limit; where there are more, as many are drawn
_PRICED = 5_000  # of those that fill the limit


@dataclass(frozen=True, slots=True)
class Point:
    """A finished search, and what replay says of its network (NaN where it was not replayed)."""

    result: DnasResult
    measures: Measures

    @property
    def accuracy(self) -> float:
        """On test data, percent."""
        assert self.result.test_accuracy_percent is not None
        return self.result.test_accuracy_percent

    @property
    def energy(self) -> float:
        """Of the model, over the seed's."""
        return self.result.costs.active_j / self.result.seed_costs.active_j

    @property
    def latency(self) -> float:
        """Of the model, over the seed's."""
        return self.result.costs.latency_s / self.result.seed_costs.latency_s

    @property
    def replayed_s(self) -> float:
        """Seconds for each inference, of the median trace; infinite where it finished none."""
        rate = self.measures.inferences_per_day
        return DAY_S / rate if rate > 0 else math.inf


@dataclass(frozen=True, slots=True)
class Sweep:
    """All points of one objective, those of strength 0 shared with the others.

    `seed_accuracies` on test data, one a seed; `seed_measures`: the seed network replayed.
    """

    objective: Objective
    memories: Sequence[str]
    strengths: Sequence[float]
    points: Sequence[Point]
    seed_accuracies: Sequence[float]
    seed_measures: Measures

    def at(self, memory: str, strength: float) -> list[Point]:
        """The seeds of one point."""
        return [
            point
            for point in self.points
            if point.result.config.memory == memory and point.result.config.strength == strength
        ]

    @property
    def replayed(self) -> bool:
        """Whether the networks were replayed."""
        return not math.isnan(self.seed_measures.inferences_per_day)


def spread(values: Sequence[float], form: str) -> str:
    """Mean, and the range in brackets."""
    return f"{statistics.mean(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def called(seed_net: str) -> str:
    """A seed network by its word, or by the name of its file."""
    return Path(seed_net).stem if seed_net.endswith(".json") else seed_net


def objective_table(sweep: Sweep) -> str:
    """Every memory limit and strength, as Markdown, and what the ranges and savings are."""
    first, seed = sweep.points[0].result, sweep.seed_measures
    lines = [
        f"{called(first.config.seed_net)} on {first.config.data}, second cost {sweep.objective}; mean (range) over "
        "seeds.",
        f"Seed: test accuracy {spread(sweep.seed_accuracies, '.2f')} %, {first.config.memory_of} "
        f"{first.seed_memory_bytes:.0f} B, {1e3 * first.seed_costs.active_j:.3g} mJ, "
        f"{first.seed_costs.latency_s:.3g} s, {first.seed_costs.power_cycles:.3g} power cycles"
        + (f"; replayed {seed.inferences_per_day:.4g} inferences a day, one in " if sweep.replayed else "")
        + (f"{DAY_S / seed.inferences_per_day:.3g} s." if sweep.replayed and seed.inferences_per_day > 0 else "."),
        "",
    ]
    columns: list[tuple[str, Callable[[Point], float], str]] = [
        ("size/T", lambda each: each.result.memory_bytes / each.result.limit_bytes, ".2f"),
        ("test accuracy %", lambda each: each.accuracy, ".2f"),
        ("energy/seed", lambda each: each.energy, ".3f"),
        ("latency/seed", lambda each: each.latency, ".3f"),
        ("MACs/seed", lambda each: each.result.costs.macs / each.result.seed_costs.macs, ".3f"),
        ("IMO %", lambda each: each.result.costs.imo_percent, ".1f"),
    ]
    if sweep.replayed:
        columns += [
            ("replayed inferences/day", lambda each: each.measures.inferences_per_day, ".0f"),
            ("replayed s/inference", lambda each: each.replayed_s, ".3g"),
        ]
    lines.append("| memory | strength | " + " | ".join(name for name, _, _ in columns) + " |")
    lines.append("|---|" + "---:|" * (len(columns) + 1))
    for memory in sweep.memories:
        for strength in sweep.strengths:
            cells = [spread([value(each) for each in sweep.at(memory, strength)], form) for _, value, form in columns]
            lines.append(f"| {memory} | {strength:g} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *_ranges(sweep), *_savings(sweep), _cut(sweep)])


def _ranges(sweep: Sweep) -> list[str]:
    lines = []
    for memory in sweep.memories:
        near = [
            point
            for strength in sweep.strengths
            for point in sweep.at(memory, strength)
            if point.result.memory_bytes >= EQUAL_SHARE * point.result.limit_bytes
        ]
        if near:
            energies, accuracies = [each.energy for each in near], [each.accuracy for each in near]
            lines.append(
                f"- at {memory}: energy range {max(energies) / min(energies):.2f}x, "
                f"accuracy range {max(accuracies) - min(accuracies):.2f} points, {len(near)} networks"
            )
    return lines


def _savings(sweep: Sweep) -> list[str]:
    """The most that is saved where the mean accuracy is hardly below the seed's."""
    return [_saving(sweep, points_below) for points_below in (NEGLIGIBLE_POINTS, SMALL_POINTS)]


def _saving(sweep: Sweep, points_below: float) -> str:
    bound = statistics.mean(sweep.seed_accuracies) - points_below
    lost = f"{points_below:g} point{'' if points_below == 1 else 's'}"
    points = [sweep.at(memory, strength) for memory in sweep.memories for strength in sweep.strengths]
    able = [each for each in points if statistics.mean(point.accuracy for point in each) >= bound]
    if not able:
        return f"- no point lies within {lost} of the seed's accuracy"
    savings = {
        "energy": max(statistics.mean(1 / point.energy for point in each) for each in able),
        "latency": max(statistics.mean(1 / point.latency for point in each) for each in able),
    }
    if sweep.replayed and sweep.seed_measures.inferences_per_day > 0:
        base = sweep.seed_measures.inferences_per_day
        savings["replayed time"] = max(
            statistics.mean(point.measures.inferences_per_day / base for point in each) for each in able
        )
    said = ", ".join(f"{name} {value:.2f}x" for name, value in savings.items())
    return f"- saved with at most {lost} of accuracy lost: {said}"


def _cut(sweep: Sweep) -> str:
    cut = sum(point.result.projected for point in sweep.points)
    return f"- {cut} of {len(sweep.points)} searches ended above the limit and were cut down to it"


def gain_table(sweep: Sweep, macs: Sweep) -> str:
    """What the objective gains over MACs: at equal memory and strength seed by seed, and at equal accuracy."""
    name = sweep.objective.value
    head = ["memory", "strength", "accuracy, points more", "energy", "latency"]
    head += ["replayed time"] if sweep.replayed else []
    lines = [
        f"Second cost macs over second cost {name}, same memory, strength and seed (above 1: {name} is better):",
        "",
        "| " + " | ".join(head) + " |",
        "|---|" + "---:|" * (len(head) - 1),
    ]
    for memory in sweep.memories:
        for strength in sweep.strengths:
            if strength > 0:
                pairs = list(zip(sweep.at(memory, strength), macs.at(memory, strength), strict=True))
                cells = [
                    spread([own.accuracy - other.accuracy for own, other in pairs], "+.2f"),
                    spread([other.energy / own.energy for own, other in pairs], ".2f"),
                    spread([other.latency / own.latency for own, other in pairs], ".2f"),
                ]
                cells += (
                    [spread([other.replayed_s / own.replayed_s for own, other in pairs], ".2f")]
                    if sweep.replayed
                    else []
                )
                lines.append(f"| {memory} | {strength:g} | " + " | ".join(cells) + " |")
    lines.append("")
    for memory in sweep.memories:
        best = max(_accuracy(each, memory, strength) for each in (sweep, macs) for strength in sweep.strengths)
        own, other = (_cheapest(each, memory, best - NEGLIGIBLE_POINTS) for each in (sweep, macs))
        if own and other:
            lines.append(
                f"- at {memory}, cheapest of those within {NEGLIGIBLE_POINTS:g} points of the best: energy "
                f"{_mean(other, 'energy') / _mean(own, 'energy'):.2f}x"
                + (f", replayed time {_mean(other, 'replayed_s') / _mean(own, 'replayed_s'):.2f}x" * sweep.replayed)
            )
    return "\n".join(lines)


def _accuracy(sweep: Sweep, memory: str, strength: float) -> float:
    return statistics.mean(point.accuracy for point in sweep.at(memory, strength))


def _cheapest(sweep: Sweep, memory: str, accuracy: float) -> list[Point]:
    able = [
        sweep.at(memory, strength) for strength in sweep.strengths if _accuracy(sweep, memory, strength) >= accuracy
    ]
    return min(able, key=lambda points: _mean(points, "energy"), default=[])


def _mean(points: Sequence[Point], what: str) -> float:
    return statistics.mean(getattr(point, what) for point in points)


def attainable(config: DnasConfig, costs: SearchCosts, macs: SearchCosts, memories: Sequence[str]) -> str:
    """What a choice of counts can change at all: energies of all permitted networks that use nine tenths of a limit."""
    lines = [
        "Permitted networks that use 90 to 100 % of a limit, untrained: how far their energies lie apart, and the",
        "energy of the one with the fewest MACs over the least energy.",
        "",
        "| memory | networks | energy/seed | range | fewest MACs over least energy |",
        "|---|---:|---:|---:|---:|",
    ]
    generator = np.random.default_rng(0)
    for memory in memories:
        limit = memory_limit(memory, costs.seed_memory)
        permitted = permitted_within(costs, limit, config.settings)
        if math.prod(len(each) for each in permitted) <= _ENUMERATED:
            chosen = np.array(list(itertools.product(*permitted)), dtype=np.float64)
        else:
            drawn = [generator.choice(np.array(each, dtype=np.float64), _ENUMERATED) for each in permitted]
            chosen = np.stack(drawn, axis=1)
        full = (counts for counts in chosen if 0.9 * limit <= costs.memory.priced(counts)[0] <= limit)
        found = [
            (costs.second.priced(counts)[0] / costs.seed_second, macs.second.priced(counts)[0])
            for counts in itertools.islice(full, _PRICED)
        ]
        if found:
            energies = [energy for energy, _ in found]
            least = min(energies)
            frugal = min(found, key=lambda pair: pair[1])[0]
            lines.append(
                f"| {memory} | {len(found)} | {least:.3f} to {max(energies):.3f} | {max(energies) / least:.2f}x "
                f"| {frugal / least:.2f}x |"
            )
    return "\n".join(lines)


def draw_fronts(path: Path, sweeps: Sequence[Sweep]) -> None:
    """Accuracy over energy, means and ranges over seeds: a colour for a memory limit, a mark for an objective."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.8), layout="constrained")
    axes = figure.subplots()
    for mark, sweep in zip("osD^v", sweeps, strict=False):
        for colour, memory in enumerate(sweep.memories):
            points = [sweep.at(memory, strength) for strength in sweep.strengths]
            points.sort(key=lambda each: statistics.mean(point.energy for point in each))
            x, across = _means_and_ranges([[point.energy for point in each] for each in points])
            y, along = _means_and_ranges([[point.accuracy for point in each] for each in points])
            style = {"color": f"C{colour}", "markersize": 5, "linewidth": 0.8, "elinewidth": 0.6}
            axes.errorbar(x, y, along, across, fmt=f"{mark}-", label=f"{memory}, {sweep.objective}", **style)
    seed, spread_of_seed = _means_and_ranges([sweeps[0].seed_accuracies])
    axes.errorbar([1.0], seed, spread_of_seed, fmt="k*", elinewidth=0.6, label="seed network")
    axes.set(xlabel="energy over the seed network's (model)", ylabel="test accuracy (%)")
    axes.set_xlim(left=0.0)
    axes.grid(alpha=0.25, linewidth=0.5)
    axes.legend(fontsize=7, ncols=2, loc="lower right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def _means_and_ranges(groups: Sequence[Sequence[float]]) -> tuple[list[float], list[list[float]]]:
    """The mean of every group, and how far its least and its largest value lie from it."""
    means = [statistics.mean(group) for group in groups]
    below = [mean - min(group) for mean, group in zip(means, groups, strict=True)]
    above = [max(group) - mean for mean, group in zip(means, groups, strict=True)]
    return means, [below, above]
