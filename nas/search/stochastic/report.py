"""What a run of SC-NAS found, as the files of its folder and for the terminal."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from nas.methods.pareto.front import front_of
from nas.methods.sc.baselines import floating_space, whole_space
from nas.methods.sc.report import report_text
from nas.methods.sc.run import ScRun
from nas.methods.sc.space import ScSpace
from nas.problem.evaluation import COST_NAMES, Evaluation
from nas.search.folder import CONFIG, STORE
from nas.search.scatter import Group, draw_groups
from nas.search.text_table import exact
from simint.files import appearing_in

EVALUATIONS, REPORT, FRONT = "evaluations.csv", "report.md", "front.png"
JOINT_STAGE = "sc-nas"  # the search of networks with their hardware, after its two baselines
_STAGES = ("floating", "pure", JOINT_STAGE)
# Energy stands as energy_j: of float32 in stage floating, of the stochastic hardware else.
_COSTS = tuple(
    name for name in COST_NAMES if name not in ("recharge_s", "active_s", "continuous_s", "power_cycles", "active_j")
)


def write_stochastic(run: ScRun, final: str, folder: Path) -> None:
    """`evaluations.csv`, `front.png` and `report.md`; `final`: accuracies on the test split, empty where not asked."""
    with appearing_in(folder) as place:
        with open(place / EVALUATIONS, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("stage", "word", "on_front", "accuracy_percent", "energy_j", "int8_j", *_COSTS, "reason"))
            writer.writerows(_rows(run))
        title = f"SC-NAS on {run.space.name}"
        draw_groups(place / FRONT, title, "energy of one inference (nJ)", "validation accuracy (%)", _groups(run))
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
    yield from zip(_STAGES, spaces, found, strict=True)


def _rows(run: ScRun) -> Iterator[tuple[object, ...]]:
    front = {entry.genome for entry in front_of(run.stochastic.problem.objectives, run.stochastic.evaluations)}
    for stage, space, evaluations in _stages(run):
        for entry in evaluations:
            accuracy = entry.measures.accuracy_percent
            yield (
                stage,
                space.word(entry.genome),
                "yes" if stage == JOINT_STAGE and entry.genome in front else "",
                exact(accuracy),
                repr(entry.costs.active_j),
                repr(run.int8_j(entry)),
                *(repr(getattr(entry.costs, name)) for name in _COSTS),
                entry.reason,
            )


def _groups(run: ScRun) -> list[Group]:
    def points(evaluations: tuple[Evaluation, ...] | list[Evaluation]) -> list[tuple[float, float]]:
        known = [entry for entry in evaluations if not entry.reason]
        return [(1e9 * entry.costs.active_j, entry.measures.accuracy_percent) for entry in known]

    binary = [entry for entry in run.floating.evaluations if not entry.reason]
    int8 = [(1e9 * run.int8_j(entry), entry.measures.accuracy_percent) for entry in binary]
    front = front_of(run.stochastic.problem.objectives, run.stochastic.evaluations)
    return [
        Group("floating point, float32", points(run.floating.evaluations)),
        Group("the same at the energy of int8", int8),
        Group("pure SC", points(run.pure)),
        Group("SC-NAS", points(run.stochastic.evaluations)),
        Group("front of SC-NAS", points(front), joined=True),
    ]
