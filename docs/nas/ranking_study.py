"""Which cheap score ranks networks as their own training does? Supernets, training-free proxies, plain MACs.

    python docs/nas/ranking_study.py --data ../shared/data/har_uci --out DIR [--networks 60] [--epochs 30] [--seeds 2]
        [--supernet-epochs 200] [--workers 1] [--report]

Goes on where it ended, with the same numbers for any number of workers; every row is in `DIR/rows.csv` as soon as it is
known, and `DIR/ranking.md` (Kendall's tau, recall of the best tenth, regret) follows the rows there are.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from nas.ranking.agreement import Agreement, agreement, mean_by_network
from nas.ranking.plan import STAND_ALONE, Plan
from nas.ranking.rows import Row, read_rows, write_rows
from nas.ranking.strata import Candidate, stratified_networks
from nas.space.mbconv_space import MbconvSpace
from nas.space.search_space import load_space
from simint.cli import guarded
from simint.errors import InputError
from simint.files import replacing

LEAST = 5  # networks below which no table is worth its space
REPORT_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table."""

    score: str
    seconds: float
    agreement: Agreement


def main(argv: list[str] | None = None) -> int:
    """The command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    return guarded(lambda: _run(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0], allow_abbrev=False)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="rows, supernets and the table")
    parser.add_argument("--space", default="har", help="a space of the MBConv family, default har")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="where the data set of the space lies")
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--networks", type=int, default=60)
    parser.add_argument("--bands", type=int, default=5, help="of multiply-accumulates, equally many networks in each")
    parser.add_argument("--epochs", type=int, default=30, help="of every stand-alone training")
    parser.add_argument("--seeds", type=int, default=2, help="stand-alone trainings of every network")
    parser.add_argument("--supernet-epochs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--report", action="store_true", help="only write the table of the rows there are")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    for name in ("networks", "bands", "epochs", "seeds", "supernet_epochs", "workers"):
        if getattr(arguments, name) < 1:
            raise InputError(f"--{name.replace('_', '-')}: at least 1, got {getattr(arguments, name)}")
    space = load_space(arguments.space)
    if not isinstance(space, MbconvSpace):
        raise InputError(f"--space {arguments.space}: only spaces of the MBConv family have supernets")
    plan = Plan(
        space=arguments.space,
        data=space.data_set,
        width=arguments.width,
        resolution=arguments.resolution,
        networks=arguments.networks,
        bands=arguments.bands,
        epochs=arguments.epochs,
        seeds=arguments.seeds,
        supernet_epochs=arguments.supernet_epochs,
        seed=arguments.seed,
    )
    candidates = stratified_networks(space, plan.width, plan.resolution, plan.networks, plan.bands, plan.seed)
    arguments.out.mkdir(parents=True, exist_ok=True)
    _same_plan(arguments.out / "plan.json", plan)
    if not arguments.report:
        _work(plan, arguments.out, arguments.data, candidates, arguments.workers)
    rows = read_rows(arguments.out / "rows.csv")
    _write_report(arguments.out / "ranking.md", plan, candidates, rows)
    print((arguments.out / "ranking.md").read_text(encoding="utf-8"))
    return 0


def _same_plan(file: Path, plan: Plan) -> None:
    """Write the plan; InputError where the folder is that of another one."""
    if file.exists():
        try:
            past = msgspec.json.decode(file.read_bytes(), type=Plan)
        except msgspec.DecodeError:
            raise InputError(f"{file}: not the plan of a ranking study") from None
        if past != plan:
            changed = [name for name in plan.__struct_fields__ if getattr(past, name) != getattr(plan, name)]
            raise InputError(f"{file}: this folder is of a study with another {', '.join(changed)}; choose another")
    with replacing(file) as draft:
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(plan)))


def _work(plan: Plan, folder: Path, data: Path | None, candidates: Sequence[Candidate], workers: int) -> None:
    """Do what is not done yet."""
    from nas.ranking.tasks import Place, Task, done, perform, tasks
    from simint.workers.dispatch import LOST, Dispatcher
    from simint.workers.pool import Where, make_pool

    file = folder / "rows.csv"
    rows = read_rows(file)
    words = tuple(candidate.word for candidate in candidates)
    todo = [task for task in tasks(plan, words) if not done(plan, task, rows, words)]

    def lost(task: Task) -> list[Row]:
        raise InputError(f"{task.work} {task.network}: {LOST}")

    pool = make_pool(Where(jobs=workers), len(todo))
    began_s, told_s, finished = time.monotonic(), -math.inf, 0
    try:
        fixed = (plan, Place(folder, data), words)
        for outcomes in Dispatcher(pool, perform, fixed, todo, lost).outcomes(1.0):
            if not outcomes:
                continue
            rows += [row for found in outcomes for row in found]
            finished += len(outcomes)
            write_rows(file, rows)
            print(
                f"{finished}/{len(todo)} tasks, {time.monotonic() - began_s:.0f} s, last {outcomes[-1][-1].score}",
                flush=True,
            )
            if time.monotonic() - told_s > REPORT_EVERY_S:
                told_s = time.monotonic()
                _write_report(folder / "ranking.md", plan, candidates, rows)
    finally:
        pool.close()


def _write_report(file: Path, plan: Plan, candidates: Sequence[Candidate], rows: Sequence[Row]) -> None:
    """The table of the rows there are."""
    alone = [row for row in rows if row.score == STAND_ALONE]
    truth = mean_by_network([(row.network, row.value) for row in alone])
    known = [candidate for candidate in candidates if candidate.word in truth]
    text = [
        f"# Ranking of {len(known)} of {plan.networks} networks: {plan.space}, width {plan.width:g}, "
        f"resolution {plan.resolution}",
        "",
        f"Truth: validation accuracy after {plan.epochs} epochs (mean of the last three), mean of "
        f"{len({row.seed for row in alone})} seeds; {plan.bands} bands of MACs.",
        "",
    ]
    if len(known) >= LEAST:
        values = np.array([truth[candidate.word] for candidate in known])
        text += [
            f"Accuracy {values.min():.2f} to {values.max():.2f} %, mean {values.mean():.2f} %, "
            f"standard deviation {values.std(ddof=1):.2f}.",
            "",
            "| score | networks | tau | 95 % interval | tau within bands | recall of top 10 % | regret, points "
            "| seconds a network |",
            "| --- | --- | --- | --- | --- | --- | --- | --- |",
        ]
        text += [_table_line(line) for line in _lines(known, truth, rows)]
    with replacing(file) as draft:
        draft.write_text("\n".join(text) + "\n", encoding="utf-8")


def _lines(known: Sequence[Candidate], truth: dict[str, float], rows: Sequence[Row]) -> list[Line]:
    scores = list(dict.fromkeys(row.score for row in rows if row.score != STAND_ALONE))
    # A network may have no score: its supernet diverged, or the proxy is no number.
    ranked = [
        score for score in scores if sum(row.score == score and not math.isnan(row.value) for row in rows) >= LEAST
    ]
    lines = [_line(score, known, truth, [row for row in rows if row.score == score]) for score in ranked]
    latencies = [Row("latency", each.word, 0, each.latency_s, each.latency_s, 0.0) for each in known]
    lines.append(_line("intermittent latency", known, truth, latencies))
    for seed in sorted({row.seed for row in rows if row.score == STAND_ALONE})[1:]:
        first, other = (
            {row.network: row.value for row in rows if row.score == STAND_ALONE and row.seed == which}
            for which in (0, seed)
        )
        both = [candidate for candidate in known if candidate.word in first and candidate.word in other]
        if len(both) >= LEAST:
            again = [row for row in rows if row.score == STAND_ALONE and row.seed == seed]
            lines.append(_line(f"stand-alone: seed {seed} against seed 0", both, first, again))
    return lines


def _line(score: str, known: Sequence[Candidate], truth: dict[str, float], rows: Sequence[Row]) -> Line:
    values = {row.network: row.value for row in rows}
    here = [candidate for candidate in known if candidate.word in values]
    found = agreement(
        np.array([truth[candidate.word] for candidate in here]),
        np.array([values[candidate.word] for candidate in here]),
        np.array([candidate.band for candidate in here]),
    )
    return Line(score, math.fsum(row.seconds for row in rows) / len(rows), found)


def _table_line(line: Line) -> str:
    found = line.agreement
    return (
        f"| {line.score} | {found.networks} | {found.tau:.3f} | {found.tau_low:.2f} to {found.tau_high:.2f} "
        f"| {found.tau_in_bands:.3f} | {found.recall_percent:.0f} % | {found.regret_percent:.2f} | {line.seconds:.2g} |"
    )


if __name__ == "__main__":
    raise SystemExit(main())
