"""iNAS and its baseline blind to power failures (HW-NAS), searched by us for activity recognition, side by side.

    python docs/nas/inas_search.py --data ../shared/data --work DIR [--seeds 1] [--trials 100] [--epochs 25]

For every requirement published for the space `inas-har` (three capacitors for iNAS, continuous power for HW-NAS) and
every seed one search. A training depends on nothing but the network and the number of epochs, so searches share them;
the seconds of a search (processor time of one thread) count every network that it asked for. Goes on where it ended:
`DIR` keeps a line for each training and search; the tables go to `inas_search.md` beside this file. A search of fewer
trials is the beginning of a longer one, so its trainings serve both.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from inas_search_tables import PUBLISHED_EPOCHS, SPACE, Searched, Study, Training, page

from nas.hardware.deployed import DeployedNetwork, deployed_networks, deployed_target
from nas.hardware.plain_model import PlainModel, plain_model
from nas.methods.driving import drive
from nas.methods.inas.search import best_by_accuracy, inas
from nas.methods.inas.settings import InasSettings
from nas.problem.evaluation import Evaluation, HardwareCosts, Measures
from nas.problem.measuring import Task, measure_tasks, packed
from nas.problem.objectives import Requirements, objective
from nas.problem.problem import Problem
from nas.search.accuracy import DataPlace, TrainRecipe
from nas.space import PlainSpace, load_space
from nas.space.genome import Genome
from nas.space.layer_prices import Power
from nas.train.published import Recipe, recipe_settings
from simint.errors import InputError
from simint.files import replacing


@dataclass(frozen=True)
class Trainings:
    """Trainings by (word, epochs): those of a file, and new ones, written there as they come."""

    file: Path
    data: Path
    known: dict[tuple[str, int], Training]

    def of(self, space: PlainSpace, genome: Genome, epochs: int) -> Training:
        """Known or made now, as a search with `--accuracy train` and seed 0 makes it."""
        word = space.word(genome)
        if (word, epochs) not in self.known:
            settings = msgspec.structs.replace(recipe_settings(Recipe.INAS, space.data_set), epochs=epochs, seed=0)
            recipe = TrainRecipe(DataPlace(space.data_set, str(self.data / "har_uci")), settings)
            began = time.process_time()
            found = measure_tasks(packed(recipe), (Task(genome, word),))[0]
            percent = None if found.reason else found.measures.accuracy_percent
            made = Training(word, epochs, percent, time.process_time() - began)
            append(self.file, made)
            self.known[word, epochs] = made
            print(f"  {word}: {percent if percent is None else round(percent, 2)} %, {made.seconds:.1f} s", flush=True)
        return self.known[word, epochs]


@dataclass
class Afresh:
    """A hardware model that explores every network anew, as published code does, and counts seconds."""

    model: PlainModel
    seconds: float = 0.0
    asked: list[Genome] = field(default_factory=list)
    every: dict[Genome, HardwareCosts] = field(default_factory=dict)

    def costs(self, genomes: Sequence[Genome]) -> list[HardwareCosts]:
        """Without memory of any layer."""
        m = self.model
        for genome in genomes:
            began = time.process_time()
            self.every[genome] = PlainModel(m.space, m.target, m.power, m.platform, m.settings).costs([genome])[0]
            self.seconds += time.process_time() - began
            self.asked.append(genome)
        return [self.every[genome] for genome in genomes]


def main() -> None:
    """The command; see the top of the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of data sets")
    parser.add_argument("--work", type=Path, required=True, help="where trainings and searches are kept")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=PUBLISHED_EPOCHS)
    parser.add_argument("--sampled", action="store_true", help="draw decisions instead of taking the most probable")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"), help="the tables")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    settings = InasSettings(trials=arguments.trials, sampled=arguments.sampled)
    study = studied(arguments.data.resolve(), arguments.work, arguments.seeds, settings, arguments.epochs)
    text = page(study)
    with replacing(arguments.out) as draft:
        draft.write_text(text, encoding="utf-8")
    print(text)


def studied(data: Path, work: Path, seeds: int, settings: InasSettings, epochs: int) -> Study:
    """All searches; those in the file are read, the others made and written as they come."""
    space = load_space(SPACE)
    assert isinstance(space, PlainSpace)
    known = {(row.word, row.epochs): row for row in (Training(**line) for line in lines(work / "trainings.jsonl"))}
    trainings = Trainings(work / "trainings.jsonl", data, known)
    done = {}
    for line in lines(work / "searches.jsonl"):
        row = Searched(**line | {"asked": tuple(line["asked"])})
        done[row.name, row.seed, row.trials, row.epochs, row.sampled] = row
    found = []
    for seed in range(seeds):
        for deployed in deployed_networks():
            if deployed.space != SPACE:
                continue
            key = (deployed.name, seed, settings.trials, epochs, settings.sampled)
            if key not in done:
                print(f"{deployed.name}, seed {seed}", flush=True)
                done[key] = searched(space, deployed, seed, settings, epochs, trainings)
                append(work / "searches.jsonl", done[key])
            found.append(done[key])
    used = {word: trainings.known[word, epochs] for row in found for word in row.asked}
    return Study(space, tuple(found), used, seeds, settings, epochs)


def searched(
    space: PlainSpace, deployed: DeployedNetwork, seed: int, settings: InasSettings, epochs: int, trainings: Trainings
) -> Searched:
    """One search with the requirement of a published network; without capacitor its costs are of continuous power."""
    import torch

    torch.set_num_threads(1)
    power = Power.CONTINUOUS if deployed.capacitance is None else Power.INTERMITTENT
    model = plain_model(space, deployed_target(deployed), power)
    limits, aim = Requirements(latency_s=deployed.requirement), (objective("accuracy"),)
    # What is compiled or imported at first use is no part of a search.
    drive(inas(Problem(space, Afresh(model), limits, aim), InasSettings(trials=2), np.random.default_rng(0)), _nothing)
    hardware, elsewhere_s = Afresh(model), 0.0
    problem = Problem(space, hardware, limits, aim)

    def measure(genomes: Sequence[Genome]) -> list[Evaluation]:
        nonlocal elsewhere_s
        began, answers = time.process_time(), []
        for genome in genomes:
            percent = trainings.of(space, genome, epochs).percent
            answers.append(
                Evaluation(genome, hardware.every[genome], Measures(math.nan if percent is None else percent))
            )
        elsewhere_s += time.process_time() - began
        return answers

    began = time.process_time()
    found = drive(inas(problem, settings, np.random.default_rng(seed)), measure)
    controller_s = time.process_time() - began - elsewhere_s - hardware.seconds
    tables, began = plain_model(space, deployed_target(deployed), power), time.process_time()
    for genome in hardware.asked:
        tables.costs([genome])
    tables_s = time.process_time() - began
    try:
        returned = space.word(best_by_accuracy(found).genome)
    except InputError:
        returned = ""
    asked = tuple(dict.fromkeys(space.word(entry.genome) for entry in found))
    return Searched(deployed.name, seed, settings.trials, epochs, settings.sampled, asked, returned,
                    len(hardware.asked), hardware.seconds, tables_s, controller_s)  # fmt: skip


def _nothing(genomes: Sequence[Genome]) -> list[Evaluation]:
    costs = HardwareCosts(*[math.nan] * 10)
    return [Evaluation(genome, costs, Measures()) for genome in genomes]


def lines(file: Path) -> list[dict[str, object]]:
    """What was done before; a line that was cut is left out."""
    found: list[dict[str, object]] = []
    if file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                continue
    return found


def append(file: Path, row: Training | Searched) -> None:
    """One line more, on disk when this returns."""
    with open(file, "a", encoding="utf-8") as out:
        out.write(json.dumps(dataclasses.asdict(row)) + "\n")


if __name__ == "__main__":
    main()
