"""What the methods find for activity recognition at the two published requirements, several seeds each.

    python docs/nas/har_methods.py --data ../shared/data --work DIR [--seeds 3] [--trainings 3] [--workers 2]

TiNAS, -M and -U search as published (single-path supernet of their own, their defects), NSGA-II and random search over
the whole space `har` with an entangled supernet that the two share. What each returns is trained alone, all in
the same way. Goes on where it ended; searches are folders of DIR, trainings lines of `DIR/trainings.jsonl`, which the
other study of activity recognition (`har_comparison.py`) shares. The table goes to `har_methods.md` beside this file.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from har_training import RELAXED_S, SPACE, STRICT_S, TRACES, Row, Task, priced, replayed, trained

from nas.problem.evaluation import Evaluation, HardwareCosts
from nas.search.config import AccuracyBy, AccuracyChoice, Limits, SearchConfig, SupernetKind
from nas.search.session import SearchResult, search
from simint.files import replacing
from simint.network.catalogue import network_presets
from simint.workers.dispatch import LOST, Dispatcher
from simint.workers.pool import Where, make_pool

TINAS, OURS = ("tinas", "tinas-m", "tinas-u"), ("pareto", "random")
LATENCIES = {"l25": STRICT_S, "l75": RELAXED_S}
# Published with TiNAS-M. At 57.330 % no setting has the tenth of feasible networks that its first stage asks for when
# they are counted rather than sampled (docs/nas/published_decisions.md); at 57.5 % one has.
IMO_PERCENT = {"l25": 57.5, "l75": 51.048509299907224}
TRAININGS = (0, 1, 2)


@dataclass(frozen=True)
class Budget:
    """Epochs of the supernets (one for each requirement in TiNAS, one for both in ours), networks measured by ours."""

    single_path: int
    entangled: int
    evaluations: int


@dataclass(frozen=True)
class Study:
    """One search, for one published requirement, or for both (`level` empty)."""

    method: str
    level: str
    seed: int

    @property
    def folder(self) -> str:
        """Below the folder of the study."""
        return "-".join(part for part in (self.method, self.level, str(self.seed)) if part)


@dataclass(frozen=True)
class Found:
    """The network that a method returns for a requirement, and its accuracy by the supernet of the search."""

    method: str
    level: str
    seed: int
    word: str
    supernet_percent: float


def main() -> None:
    """The command; see the top of the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of data sets")
    parser.add_argument("--work", type=Path, required=True, help="where searches and trainings are kept")
    parser.add_argument("--seeds", type=int, default=3, help="of every method")
    parser.add_argument("--trainings", type=int, default=3, help="of every network found, at most 3")
    parser.add_argument("--epochs", type=int, default=30, help="of every training")
    parser.add_argument("--single-path-epochs", type=int, default=100)
    parser.add_argument("--entangled-epochs", type=int, default=50)
    parser.add_argument("--evaluations", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    data, where = arguments.data.resolve(), Where(arguments.workers)
    budget = Budget(arguments.single_path_epochs, arguments.entangled_epochs, arguments.evaluations)
    first = [Study("pareto", "", seed) for seed in range(arguments.seeds)]
    first += [Study(method, level, seed) for seed in range(arguments.seeds) for level in LATENCIES for method in TINAS]
    found = searched(data, arguments.work, budget, where, first)
    found += searched(
        data, arguments.work, budget, where, [Study("random", "", seed) for seed in range(arguments.seeds)]
    )
    published = {preset.name: preset.word for preset in network_presets() if preset.word.startswith("mbconv:har")}
    words = dict.fromkeys([*published.values(), *(each.word for each in found)])
    tasks = [Task(word, seed, arguments.epochs, True) for word in words for seed in TRAININGS[: arguments.trainings]]
    rows = trained(data, arguments.work / "trainings.jsonl", where, tasks)
    rates = {word: replayed(data, word) for word in words}
    text = page(found, published, rows, rates, budget, arguments.epochs)
    with replacing(Path(__file__).with_suffix(".md")) as draft:
        draft.write_text(text, encoding="utf-8")
    print(text)


def searched(data: Path, work: Path, budget: Budget, where: Where, studies: Sequence[Study]) -> list[Found]:
    """Searches beside each other, one process each."""
    pool = make_pool(where, len(studies))
    dispatcher: Dispatcher[Study, list[Found]] = Dispatcher(pool, search_all, (data, work, budget), studies, lost)
    found: dict[str, list[Found]] = {}
    for outcomes in dispatcher.outcomes(1.0):
        for each in outcomes:
            found[f"{each[0].method} {each[0].seed} {each[0].level}"] = each
            print("\n".join(f"{one.method} {one.level} {one.seed}: {one.word}" for one in each), flush=True)
    pool.close()
    return [one for key in sorted(found) for one in found[key]]


def lost(study: Study) -> list[Found]:
    """A worker died at it each time."""
    raise SystemExit(f"{study.folder}: {LOST}")


def search_all(data: Path, work: Path, budget: Budget, studies: tuple[Study, ...]) -> list[list[Found]]:
    """In a worker."""
    return [search_one(data, work, budget, study) for study in studies]


def search_one(data: Path, work: Path, budget: Budget, study: Study) -> list[Found]:
    """Run a search, or read it where it has ended: what it returns for its requirement, or for each of both."""
    folder = work / study.folder
    own = study.method in OURS
    if study.method == "random" and not folder.exists():
        folder.mkdir(parents=True)
        shutil.copy(work / f"pareto-{study.seed}" / "supernet.pt", folder)
    config = SearchConfig(
        method=study.method,
        space=SPACE,
        data_folder=str(data / "har_uci"),
        limits=Limits(latency=RELAXED_S) if own else limits(study),
        accuracy=AccuracyChoice(
            by=AccuracyBy.SUPERNET,
            supernet=SupernetKind.TRUSTED if own else SupernetKind.PUBLISHED,
            epochs=budget.entangled if own else budget.single_path,
        ),
        evaluations=budget.evaluations if own else None,
        finalists=0,
        seed=study.seed,
        as_published=not own,
    )
    result = search(config, folder, Where(1))
    if result.finals is None:
        raise KeyboardInterrupt
    word = result.prepared.space.word
    if not own:
        choice = result.finals.choice
        assert choice is not None
        percent = choice.evaluation.measures.accuracy_percent
        return [Found(study.method, study.level, study.seed, choice.word, percent)]
    picked = {level: best_within(result, level) for level in LATENCIES}
    return [
        Found(study.method, level, study.seed, word(entry.genome), entry.measures.accuracy_percent)
        for level, entry in picked.items()
    ]


def limits(study: Study) -> Limits:
    """What a variant is asked for."""
    imo = IMO_PERCENT[study.level] if study.method == "tinas-m" else None
    return Limits(latency=LATENCIES[study.level], imo=imo)


def best_within(result: SearchResult, level: str) -> Evaluation:
    """The network of an archive that the supernet finds best among those within both published requirements."""
    able = [
        entry
        for entry in result.evaluations
        if not entry.reason
        and entry.costs.latency_s <= LATENCIES[level]
        and entry.costs.imo_percent <= IMO_PERCENT[level]
    ]
    return max(able, key=lambda entry: (entry.measures.accuracy_percent, -entry.costs.latency_s))


def page(
    found: Sequence[Found],
    published: dict[str, str],
    rows: Sequence[Row],
    rates: dict[str, list[float]],
    budget: Budget,
    epochs: int,
) -> str:
    """The tables: the methods, then every network."""
    words = [*published.values(), *(each.word for each in found)]
    costs = priced(words)
    tests = {
        word: [row.test_percent for row in rows if row.word == word and row.test_percent is not None] for word in words
    }
    validations = {word: [row.validation_percent for row in rows if row.word == word] for word in words}
    seeds = len({each.seed for each in found})
    lines = [
        "# Activity recognition at 5 mF: what the methods return",
        "",
        f"Made by `docs/nas/har_methods.py --seeds {seeds} --trainings {len(tests[words[0]])} --epochs {epochs}`.",
        f"TiNAS and variants search as published, one single-path supernet ({budget.single_path} epochs) each;",
        f"`pareto` and `random` measure {budget.evaluations} networks of the whole space by one entangled supernet of",
        f"{budget.entangled} epochs, and return for each requirement the best by it within latency and IMO.",
        f"Everything returned was then trained alone for {epochs} epochs. Rows are means over the seeds of the search,",
        "smallest and largest in brackets; a published row is one network. `test %` is the mean of the trainings of a",
        "network; the test subjects were asked once for each.",
        "",
    ]
    for level in LATENCIES:
        lines += [
            f"Latency at most {LATENCIES[level]:.2f} s:",
            "",
            "| method | test % | validation % | latency s | IMO % | overhead s | cycles |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        ]
        for name, word in published.items():
            if name.endswith(level):
                lines.append(table_line(f"published, {name}", [word], tests, validations, costs))
        for method in (*TINAS, *OURS):
            own = [each.word for each in found if each.method == method and each.level == level]
            lines.append(table_line(method, own, tests, validations, costs))
        lines.append("")
    lines += rivals(published, list(dict.fromkeys(each.word for each in found)), tests, validations, costs)
    lines += [
        "Networks, with inferences a day by replay (back to back, policy `tile`, half an hour of each recorded trace,",
        "unscaled, consistent designs):",
        "",
        "| method | requirement | seed | network | supernet % | test % | " + " | ".join(TRACES) + " |",
        "| --- | --- | ---: | --- | ---: | ---: |" + " ---: |" * len(TRACES),
    ]
    for name, word in published.items():
        shown = (name, f"{LATENCIES[name[-3:]]:.2f} s", "", f"`{word}`", "", scattered(tests[word]))
        lines.append("| " + " | ".join([*shown, *(f"{rate:,.0f}" for rate in rates[word])]) + " |")
    for each in found:
        required = f"{LATENCIES[each.level]:.2f} s"
        shown = (each.method, required, str(each.seed), f"`{each.word}`", f"{each.supernet_percent:.1f}")
        cells = [*shown, scattered(tests[each.word]), *(f"{rate:,.0f}" for rate in rates[each.word])]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def rivals(
    published: dict[str, str],
    found: Sequence[str],
    tests: dict[str, list[float]],
    validations: dict[str, list[float]],
    costs: dict[str, HardwareCosts],
) -> list[str]:
    """For each published network the found one that the validation subjects prefer among those no dearer."""
    lines = [
        "For each published network the one found that has the best mean validation accuracy among those that need no",
        "more latency and no more IMO:",
        "",
        "| published | found | latency s | IMO % | overhead s | validation, points | test, points |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, word in published.items():
        theirs = costs[word]
        able = [
            each
            for each in found
            if costs[each].latency_s <= theirs.latency_s and costs[each].imo_percent <= theirs.imo_percent
        ]
        if not able:
            lines.append(f"| {name} | none | | | | | |")
            continue
        best = max(able, key=lambda each: statistics.mean(validations[each]))
        ours = costs[best]
        gains = (
            f"{ours.latency_s:.2f} of {theirs.latency_s:.2f}",
            f"{ours.imo_percent:.2f} of {theirs.imo_percent:.2f}",
            f"{ours.overhead_s:.2f} of {theirs.overhead_s:.2f}",
            f"{statistics.mean(validations[best]) - statistics.mean(validations[word]):+.2f}",
            f"{statistics.mean(tests[best]) - statistics.mean(tests[word]):+.2f}",
        )
        lines.append(f"| {name} | `{best}` | " + " | ".join(gains) + " |")
    return [*lines, ""]


def table_line(
    label: str,
    words: Sequence[str],
    tests: dict[str, list[float]],
    validations: dict[str, list[float]],
    costs: dict[str, HardwareCosts],
) -> str:
    """Means over networks, of each the mean over its trainings."""
    cells = (
        ranged([statistics.mean(tests[word]) for word in words], ".2f"),
        ranged([statistics.mean(validations[word]) for word in words], ".2f"),
        ranged([costs[word].latency_s for word in words], ".2f"),
        ranged([costs[word].imo_percent for word in words], ".2f"),
        ranged([costs[word].overhead_s for word in words], ".2f"),
        ranged([costs[word].power_cycles for word in words], ".0f"),
    )
    return "| " + " | ".join([label, *cells]) + " |"


def ranged(values: Sequence[float], form: str) -> str:
    """Mean, and smallest and largest where there are several."""
    mean = f"{statistics.mean(values):{form}}"
    return mean if len(values) == 1 else f"{mean} ({min(values):{form}} to {max(values):{form}})"


def scattered(values: Sequence[float]) -> str:
    """Mean and sample standard deviation."""
    spread = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.2f}{spread}"


if __name__ == "__main__":
    main()
