"""What a run of SC-NAS found, as the files of its folder and for the terminal."""

from __future__ import annotations

import csv
import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path

from nas.methods.pareto.front import front_of
from nas.methods.sc.baselines import floating_space, whole_space
from nas.methods.sc.report import report_text
from nas.methods.sc.run import ScRun
from nas.methods.sc.space import ScSpace
from nas.problem.evaluation import Evaluation, HardwareCosts
from nas.search.folder import CONFIG, STORE
from nas.search.scatter import Group, draw_groups
from simint.files import appearing_in

EVALUATIONS, REPORT, FRONT = "evaluations.csv", "report.md", "front.png"
STAGES = ("floating", "pure", "sc-nas")
# Energy stands as energy_j: of float32 in stage floating, of the stochastic hardware else.
_COSTS = tuple(
    field.name
    for field in dataclasses.fields(HardwareCosts)
    if field.name not in ("recharge_s", "active_s", "continuous_s", "power_cycles", "active_j")
)


def write_stochastic(run: ScRun, final: str, folder: Path) -> None:
    """`evaluations.csv`, `front.png` and `report.md`; `final`: accuracies on the test split, empty where not asked."""
    with appearing_in(folder) as place:
        with open(place / EVALUATIONS, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("stage", "word", "on_front", "accuracy_percent", "energy_j", "int8_j", *_COSTS, "reason"))
            writer.writerows(_rows(run))
        title = f"SC-NAS on {run.space.name}"
        draw_groups(place / FRONT, title, "energy of one inference (J)", "validation accuracy (%)", _groups(run))
        page = f"# {title}\n\n![Front]({FRONT})\n\n```text\n{_text(run, final)}\n```\n\n"
        page += f"Made by `python -m nas.search {CONFIG}`.\n"
        (place / REPORT).write_text(page, encoding="utf-8")


def printed(run: ScRun, final: str, folder: Path) -> str:
    """What the command says."""
    return f"{_text(run, final)}\n{folder}: {STORE}, {CONFIG}, {EVALUATIONS}, {FRONT}, {REPORT}"


def _text(run: ScRun, final: str) -> str:
    return report_text(run) + (f"\n\n{final}" if final else "")


def _stages(run: ScRun) -> Iterator[tuple[str, ScSpace, tuple[Evaluation, ...]]]:
    """Evaluations with the space that their genomes are of."""
    spaces = (floating_space(run.space), whole_space(run.space), run.space)
    found = (run.floating.evaluations, run.pure, run.stochastic.evaluations)
    yield from zip(STAGES, spaces, found, strict=True)


def _rows(run: ScRun) -> Iterator[tuple[object, ...]]:
    front = {entry.genome for entry in front_of(run.stochastic.problem.objectives, run.stochastic.evaluations)}
    for stage, space, evaluations in _stages(run):
        for entry in evaluations:
            accuracy = entry.measures.accuracy_percent
            yield (
                stage,
                space.word(entry.genome),
                "yes" if stage == STAGES[-1] and entry.genome in front else "",
                "" if math.isnan(accuracy) else repr(accuracy),
                repr(entry.costs.active_j),
                repr(entry.costs.macs * run.energies.int8.mac),
                *(repr(getattr(entry.costs, name)) for name in _COSTS),
                entry.reason,
            )


def _groups(run: ScRun) -> list[Group]:
    def points(evaluations: tuple[Evaluation, ...] | list[Evaluation]) -> list[tuple[float, float]]:
        return [(entry.costs.active_j, entry.measures.accuracy_percent) for entry in evaluations if not entry.reason]

    int8 = [
        (entry.costs.macs * run.energies.int8.mac, entry.measures.accuracy_percent)
        for entry in run.floating.evaluations
        if not entry.reason
    ]
    front = front_of(run.stochastic.problem.objectives, run.stochastic.evaluations)
    return [
        Group("floating point, float32", points(run.floating.evaluations)),
        Group("the same at the energy of int8", int8),
        Group("pure SC", points(run.pure)),
        Group("SC-NAS", points(run.stochastic.evaluations)),
        Group("front of SC-NAS", points(front), joined=True),
    ]
