"""What the points of a channel search came to, as the files of its folder and for the terminal."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from nas.methods.dnas.config import point_name
from nas.methods.dnas.result import DnasResult
from nas.methods.pareto.front import nondominated
from nas.problem.evaluation import COST_NAMES, REPLAY_NAMES, Evaluation, Measures
from nas.problem.objectives import objective
from nas.search.axes import axis_label
from nas.search.channels.config import ChannelsConfig
from nas.search.channels.replay import SEED_NETWORK
from nas.search.folder import CONFIG
from nas.search.replaying import trace_word
from nas.search.scatter import Group, draw_groups
from nas.search.text_table import TextTable, counted, exact, figure
from simint.files import appearing_in

POINTS, REPORT, FRONT = "points.csv", "report.md", "front.png"
_HEADINGS = (
    *("point", "front", "accuracy %", "size/limit", "NVM B", "energy mJ", "/seed", "latency s", "IMO %", "MACs"),
    *("inferences/day", "replay s"),
)
MeasuresOf = Mapping[str, Measures]  # by name of point, and of the seed network; those that were replayed


def write_channels(config: ChannelsConfig, results: Sequence[DnasResult], measures: MeasuresOf, folder: Path) -> None:
    """`points.csv`, `front.png` and `report.md` beside `points/`, where the networks are."""
    with appearing_in(folder) as place:
        with open(place / POINTS, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(_columns())
            writer.writerows(_rows(results, measures))
        title = _title(config, results)
        short = f"dnas from {config.seed_net} on {config.data}"
        draw_groups(
            place / FRONT, short, axis_label(objective(config.objective)), "validation accuracy (%)", _groups(results)
        )
        parts = [f"# {title}", f"![Front]({FRONT})", _table(results, measures).markdown()]
        parts += _notes(config, results, measures)
        parts.append(f"Made by `python -m nas.search {CONFIG}`.")
        (place / REPORT).write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def printed(config: ChannelsConfig, results: Sequence[DnasResult], measures: MeasuresOf, folder: Path) -> str:
    """What the command says."""
    parts = [_title(config, results), _table(results, measures).aligned(), *_notes(config, results, measures)]
    return "\n".join([*parts, f"{folder}: {CONFIG}, {POINTS}, {FRONT}, {REPORT}, points/"])


def on_front(results: Sequence[DnasResult]) -> list[bool]:
    """Whether no other point has at least its accuracy at less, or more at no more, of the objective's exact cost."""
    losses = np.array([(-result.validation_accuracy_percent, _second(result)) for result in results])
    return [bool(kept) for kept in nondominated(losses)]


def front_of(results: Sequence[DnasResult]) -> list[DnasResult]:
    """The points on the front, the cheapest first."""
    return sorted((result for result, kept in zip(results, on_front(results), strict=True) if kept), key=_second)


def _second(result: DnasResult) -> float:
    """Exact cost of the network in the unit of the objective."""
    return objective(result.config.objective).value(Evaluation((), result.costs, Measures()))


def _title(config: ChannelsConfig, results: Sequence[DnasResult]) -> str:
    return (
        f"dnas from {config.seed_net} on {config.data}: {counted(len(results), 'point')}, "
        f"{sum(on_front(results))} on the front of accuracy and {config.objective.value}"
    )


def _notes(config: ChannelsConfig, results: Sequence[DnasResult], measures: MeasuresOf) -> list[str]:
    first = results[0]
    notes = [
        f"seed network: {first.warm_up_accuracy_percent:.2f} % after warm-up (seed {first.config.seed}), "
        f"{figure(1e3 * first.seed_costs.active_j)} mJ, {figure(first.seed_costs.latency_s)} s, IMO "
        f"{figure(first.seed_costs.imo_percent)} %, {figure(first.seed_costs.macs)} MACs; accuracies are on validation "
        f"data, energies those of the cost model on {first.config.target.platform}",
    ]
    tested = [result for result in results if result.test_accuracy_percent is not None]
    notes += [f"test accuracy of {point_name(each.config)}: {each.test_accuracy_percent:.2f} %" for each in tested]
    cut = [result for result in results if result.projected]
    if cut:
        notes.append(f"{len(cut)} of {len(results)} searches ended above the limit and were cut down to it")
    if measures:
        seed = measures[SEED_NETWORK]
        traces = ", ".join(map(trace_word, config.replay.traces))
        takes = f", one takes {figure(seed.replay_latency_s)} s" if seed.inferences_per_day > 0 else ""
        notes.append(
            f"replayed: {counted(len(measures) - 1, 'point')} of the front and the seed network under policy "
            f"{config.replay.policy.name} on {traces}; median over traces; the seed network makes "
            f"{figure(seed.inferences_per_day, 5)} inferences a day{takes}"
        )
    return notes


def _table(results: Sequence[DnasResult], measures: MeasuresOf) -> TextTable:
    return TextTable(
        _HEADINGS,
        tuple(
            (
                point_name(result.config),
                "yes" if front else "",
                f"{result.validation_accuracy_percent:.2f}",
                f"{result.memory_bytes / result.limit_bytes:.3f}",
                f"{result.costs.weight_bytes + result.costs.feature_bytes:.0f}",
                figure(1e3 * result.costs.active_j),
                figure(result.costs.active_j / result.seed_costs.active_j, 3),
                figure(result.costs.latency_s),
                figure(result.costs.imo_percent),
                figure(result.costs.macs),
                figure(_measured(result, measures).inferences_per_day, 5),
                figure(_measured(result, measures).replay_latency_s),
            )
            for result, front in zip(results, on_front(results), strict=True)
        ),
    )


def _columns() -> tuple[str, ...]:
    own = ("point", "memory", "strength", "seed", "on_front", "accuracy_percent", "test_accuracy_percent")
    sizes = ("limit_bytes", "memory_bytes", "seed_memory_bytes", "projected")
    seed = (*(f"seed_{name}" for name in COST_NAMES),)
    return (*own, *sizes, *COST_NAMES, "overhead_s", "imo_percent", *REPLAY_NAMES, *seed, "model")


def _measured(result: DnasResult, measures: MeasuresOf) -> Measures:
    return measures.get(point_name(result.config), Measures())


def _rows(results: Sequence[DnasResult], measures: MeasuresOf) -> list[tuple[object, ...]]:
    return [
        (
            point_name(result.config),
            result.config.memory,
            result.config.strength,
            result.config.seed,
            "yes" if front else "",
            repr(result.validation_accuracy_percent),
            "" if result.test_accuracy_percent is None else repr(result.test_accuracy_percent),
            repr(result.limit_bytes),
            repr(result.memory_bytes),
            repr(result.seed_memory_bytes),
            "yes" if result.projected else "",
            *(repr(getattr(result.costs, name)) for name in COST_NAMES),
            repr(result.costs.overhead_s),
            repr(result.costs.imo_percent),
            *(exact(getattr(_measured(result, measures), name)) for name in REPLAY_NAMES),
            *(repr(getattr(result.seed_costs, name)) for name in COST_NAMES),
            f"points/{point_name(result.config)}/model.pt",
        )
        for result, front in zip(results, on_front(results), strict=True)
    ]


def _groups(results: Sequence[DnasResult]) -> list[Group]:
    def points(chosen: Sequence[DnasResult]) -> list[tuple[float, float]]:
        return [(_second(result), result.validation_accuracy_percent) for result in chosen]

    front = front_of(results)
    by_memory = [
        Group(f"memory {memory}", points([result for result in results if result.config.memory == memory]))
        for memory in dict.fromkeys(result.config.memory for result in results)
    ]
    return [Group("front", points(front), joined=True), *by_memory]
