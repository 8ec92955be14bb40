"""Networks that simint finds for activity recognition beside the six published ones, all trained in the same way.

    python docs/nas/har_comparison.py --data ../shared/data --work DIR [--epochs 30] [--workers 2]

One Pareto search over the whole space `har` at 5 mF within the relaxed published latency. For each published network
the networks of its archive that need no more latency and no more IMO are ranked by the supernet, the best few trained
alone, and the best of these by the validation subjects is its rival. Rivals and published networks are then trained
with the same budget and seeds, and the test subjects are asked once for each. Goes on where it ended; every training
is a line of `DIR/trainings.jsonl`; the table goes to `har_comparison.md` beside this file.
"""

from __future__ import annotations

import argparse
import functools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from har_training import RELAXED_S, SPACE, TRACES, Row, Task, priced, replayed, trained

from nas.problem.evaluation import HardwareCosts
from nas.search.config import AccuracyBy, AccuracyChoice, Limits, SearchConfig
from nas.search.session import search
from nas.space.search_space import load_space
from simint.files import replacing
from simint.network.catalogue import network_presets
from simint.workers.pool import Where

PUBLISHED = tuple(f"{method}-har-{level}" for level in ("l25", "l75") for method in ("tinas", "tinas-m", "tinas-u"))
CHOOSING_SEED, FINAL_SEEDS = 100, (0, 1, 2)  # fixed beforehand
SHORTLIST = 3


@dataclass(frozen=True)
class Candidate:
    """A network of the search's archive."""

    word: str
    costs: HardwareCosts
    supernet_percent: float


def main() -> None:
    """The command; see the top of the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of data sets and recorded traces")
    parser.add_argument("--work", type=Path, required=True, help="where search and trainings are kept")
    parser.add_argument("--epochs", type=int, default=30, help="of every training that is compared")
    parser.add_argument("--supernet-epochs", type=int, default=50)
    parser.add_argument("--evaluations", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    data, where = arguments.data.resolve(), Where(arguments.workers)
    published = {preset.name: preset.word for preset in network_presets() if preset.name in PUBLISHED}
    costs = priced(list(published.values()))
    archive = searched(data, arguments.work / "search", arguments.supernet_epochs, arguments.evaluations, where)

    trainer = functools.partial(trained, data, arguments.work / "trainings.jsonl", where)
    lists = {name: shortlist(archive, costs[word]) for name, word in published.items()}
    words = dict.fromkeys(candidate.word for chosen in lists.values() for candidate in chosen)
    chosen_rows = trainer([Task(word, CHOOSING_SEED, arguments.epochs, False) for word in words])
    validation = {row.word: row.validation_percent for row in chosen_rows}
    rivals = {
        name: max(chosen, key=lambda candidate: validation[candidate.word]).word
        for name, chosen in lists.items()
        if chosen
    }
    finals = dict.fromkeys([*published.values(), *rivals.values()])
    rows = trainer([Task(word, seed, arguments.epochs, True) for word in finals for seed in FINAL_SEEDS])
    rates = {word: replayed(data, word) for word in finals}
    text = page(published, rivals, rows, rates, arguments.epochs, len(archive))
    with replacing(Path(__file__).with_suffix(".md")) as draft:
        draft.write_text(text, encoding="utf-8")
    print(text)


def searched(data: Path, folder: Path, epochs: int, evaluations: int, where: Where) -> list[Candidate]:
    """Every network that the search measured."""
    config = SearchConfig(
        method="pareto",
        space=SPACE,
        data_folder=str(data / "har_uci"),
        limits=Limits(latency=RELAXED_S),
        accuracy=AccuracyChoice(by=AccuracyBy.SUPERNET, epochs=epochs),
        evaluations=evaluations,
        finalists=0,
    )
    result = search(config, folder, where, shown=True)
    if result.finals is None:
        raise KeyboardInterrupt
    space = load_space(SPACE)
    return [
        Candidate(space.word(found.genome), found.costs, found.measures.accuracy_percent)
        for found in result.evaluations
        if not found.reason
    ]


def shortlist(archive: Sequence[Candidate], published: HardwareCosts) -> list[Candidate]:
    """The best by the supernet among those that need no more latency and no more IMO than a published network."""
    no_worse = [
        candidate
        for candidate in archive
        if candidate.costs.latency_s <= published.latency_s and candidate.costs.imo_percent <= published.imo_percent
    ]
    return sorted(no_worse, key=lambda candidate: -candidate.supernet_percent)[:SHORTLIST]


def page(
    published: dict[str, str],
    rivals: dict[str, str],
    rows: Sequence[Row],
    rates: dict[str, list[float]],
    epochs: int,
    archive: int,
) -> str:
    """The table and what follows from it."""
    words = [*published.values(), *dict.fromkeys(rivals.values())]
    costs = priced(words)
    names = {word: name for name, word in published.items()}
    tests = {w: [r.test_percent for r in rows if r.word == w and r.test_percent is not None] for w in words}
    validations = {w: [r.validation_percent for r in rows if r.word == w] for w in words}
    heading = ["network", "validation %", "test %", "latency s", "IMO %", "overhead s", "cycles", *TRACES]
    lines = [
        "# Activity recognition at 5 mF: found networks beside the published ones",
        "",
        f"Made by `docs/nas/har_comparison.py --epochs {epochs}`: {archive} networks measured by one search. All",
        f"networks of the table were trained alike, from scratch, {epochs} epochs, seeds",
        f"{', '.join(map(str, FINAL_SEEDS))}; accuracies are mean and sample standard deviation over seeds; the",
        "epoch is chosen by the validation subjects, the test subjects were asked once. Latency, IMO, overhead and",
        "power cycles by the published cost model; the last columns are inferences a day by replay (back to back,",
        "policy `tile`, half an hour of each recorded trace, unscaled, consistent designs).",
        "",
        "| " + " | ".join(heading) + " |",
        "| --- |" + " ---: |" * (len(heading) - 1),
    ]
    for word in words:
        cost, label = costs[word], names.get(word, f"`{word}`")
        numbers = [
            *(f"{statistics.mean(v[word]):.2f} ± {statistics.stdev(v[word]):.2f}" for v in (validations, tests)),
            f"{cost.latency_s:.2f}",
            f"{cost.imo_percent:.2f}",
            f"{cost.overhead_s:.2f}",
            f"{cost.power_cycles:.0f}",
            *(f"{value:,.0f}" for value in rates[word]),
        ]
        lines.append("| " + " | ".join([label, *numbers]) + " |")
    lines += ["", "Rivals, with no more latency and no more IMO by construction:", ""]
    for name, word in published.items():
        if name not in rivals:
            lines.append(f"- {name}: no network of the archive needs as little of both")
            continue
        gain = statistics.mean(tests[rivals[name]]) - statistics.mean(tests[word])
        lines.append(f"- {name}: `{rivals[name]}`, test accuracy {gain:+.2f} points")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
