"""Channel searches at 75 to 6.25 % of the seed's memory: what they keep of its accuracy and save of its energy.

    python docs/nas/dnas_sweep.py --data digits --work DIR [--folder DATA] [--seeds 3] [--strengths 0 3]
        [--objectives energy] [--replay]

Goes on where it ended: every point is kept in `DIR/DATA/OBJECTIVE`. Prints the table as Markdown. Costs: the
consistent model at 5 mF (`nas.channels.pricing`); memory is NVM (weights, biases, live maps, progress record), for
HAR weights. The test split is opened when all points are finished. `--replay` replays seed and networks on the
default traces of the search command, with the designs that replay chooses itself.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path

import msgspec

from nas.data.catalogue import load_data
from nas.fitness.replay import prepare_replay
from nas.methods.dnas.config import DnasConfig, Memory, Objective
from nas.methods.dnas.final import final_accuracy, seed_model, with_test_accuracy
from nas.methods.dnas.result import DnasResult
from nas.methods.dnas.search import DnasProgress
from nas.methods.dnas.settings import DnasSettings
from nas.methods.dnas.sweep import PUBLISHED_MEMORIES, sweep
from nas.modules.kinds import Initialisation
from nas.search.config import ReplayChoice
from nas.search.replaying import load_replays
from nas.space.target import target_settings
from nas.train.settings import Augmentation, Optimiser, TrainSettings
from simint.engine.engines import EngineChoice
from simint.network.builder import LayerBuilder
from simint.network.catalogue import load_network
from simint.network.json_file import write_network
from simint.network.network import Network

NEGLIGIBLE_POINTS = 0.5  # of accuracy lost, mean over seeds
REPLAY_S = 1800.0
EQUAL_SHARE = 0.85  # of the limit used by networks that count as being of equal memory


def digits_cnn() -> Network:
    """Three convolutions of 16, 32 and 64 channels, 24 k weights."""
    builder = LayerBuilder((1, 8, 8))
    x = builder.input
    for filters, stride in ((16, 1), (32, 1), (64, 2)):
        x = builder.conv(x, filters, (3, 3), (stride, stride), (1, 1, 1, 1))
        x = builder.relu(builder.batch_norm(x))
    builder.fully_connected(builder.global_average_pool(x), 10, bias=True)
    return Network(name="digits-cnn", layers=tuple(builder.layers), notes="docs/nas/dnas_sweep.py")


def training(epochs: int, rate: float, augmentation: Augmentation) -> TrainSettings:
    """Adam, the rate falling along a cosine."""
    return TrainSettings(
        epochs=epochs,
        learning_rate=rate,
        optimiser=Optimiser.ADAM,
        weight_decay=0.0,
        initialisation=Initialisation.GLOROT,
        augmentation=augmentation,
    )


def config_of(data: str, folder: str | None, objective: Objective, work: Path) -> DnasConfig:
    """Seed network and lengths of the phases: about as many steps on small data as on large."""
    if data == "digits":
        seed_net = work / "digits-cnn.json"
        work.mkdir(parents=True, exist_ok=True)
        write_network(digits_cnn(), seed_net)
        plain = Augmentation.NONE
        settings = DnasSettings(warm_up=training(20, 3e-3, plain), fine_tune=training(20, 1e-3, plain), epochs=40)
        return DnasConfig(seed_net=str(seed_net), data=data, objective=objective, settings=settings)
    if data == "har":
        plain = Augmentation.NONE
        settings = DnasSettings(
            warm_up=training(15, 3e-3, plain), fine_tune=training(15, 1e-3, plain), epochs=40, mask_rate=1e-3
        )
        word = "mbconv:har:w=1.0:r=128:4.5.1.y-4.5.1.y-4.5.1.y"
        # Of NVM the windows alone take 7.6 % of the seed's, so weights are what is limited.
        return DnasConfig(
            seed_net=word,
            data=data,
            data_folder=folder,
            memory_of=Memory.WEIGHTS,
            objective=objective,
            settings=settings,
        )
    flips = Augmentation.FLIP_SHIFT
    settings = DnasSettings(
        warm_up=training(60, 3e-3, flips),
        fine_tune=training(60, 1e-3, flips),
        epochs=100,
        mask_rate=3e-4,
        augmentation=flips,
    )
    return DnasConfig(seed_net="mlperf:resnet8", data=data, data_folder=folder, objective=objective, settings=settings)


def main() -> None:
    """Run what is missing and print the table of each objective."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", choices=("digits", "har", "cifar10"), required=True)
    parser.add_argument("--folder", help="where the files of the data set are")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--memories", nargs="+", default=list(PUBLISHED_MEMORIES))
    parser.add_argument("--strengths", nargs="+", type=float, default=[0.0, 3.0])
    parser.add_argument("--objectives", nargs="+", default=["energy"], choices=[each.value for each in Objective])
    parser.add_argument("--replay", action="store_true", help="replay the seed and every network on real traces")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    data = load_data(arguments.data, None if arguments.folder is None else Path(arguments.folder))
    seeds = range(arguments.seeds)

    def show(progress: DnasProgress) -> None:
        if progress.epoch == progress.epochs:
            accuracy = progress.validation_accuracy_percent
            print(f"  {progress.point} {progress.phase}: {accuracy:.2f} % on validation", flush=True)

    for name in arguments.objectives:
        work = arguments.work / arguments.data / name
        config = config_of(arguments.data, arguments.folder, Objective(name), work)
        results = sweep(config, work, arguments.memories, arguments.strengths, seeds, show, arguments.device)
        models = [
            seed_model(msgspec.structs.replace(config, seed=seed), data, work, device=arguments.device)
            for seed in seeds
        ]
        seed_accuracies = [final_accuracy(model, data) for model in models]
        finished = [with_test_accuracy(result, data, work) for result in results]
        print_table(name, finished, seed_accuracies, arguments.memories, arguments.strengths)
        if arguments.replay:
            print_replays(config, finished, arguments.memories, arguments.strengths)


def print_table(
    objective: str,
    results: Sequence[DnasResult],
    seed_accuracies: Sequence[float],
    memories: Sequence[str],
    strengths: Sequence[float],
) -> None:
    """The table of the issue, and what follows from it."""
    first = results[0]
    print(f"\n{first.config.seed_net} on {first.config.data}, second cost {objective}; mean (spread) of seeds")
    print(
        f"seed: test accuracy {spread(seed_accuracies, '.2f')} %, {first.config.memory_of} "
        f"{first.seed_memory_bytes:.0f} B, "
        f"{1e3 * first.seed_costs.active_j:.3g} mJ, {first.seed_costs.latency_s:.3g} s, "
        f"{first.seed_costs.power_cycles:.3g} power cycles\n"
    )
    print("| memory | strength | size/T | test accuracy % | energy/seed | latency/seed | MACs/seed | IMO % |")
    print("|---|---|---|---|---|---|---|---|")
    for memory in memories:
        for strength in strengths:
            rows = chosen(results, memory, strength)
            columns = (
                spread([row.memory_bytes / row.limit_bytes for row in rows], ".2f"),
                spread([accuracy_of(row) for row in rows], ".2f"),
                spread([row.costs.active_j / row.seed_costs.active_j for row in rows], ".3f"),
                spread([row.costs.latency_s / row.seed_costs.latency_s for row in rows], ".3f"),
                spread([row.costs.macs / row.seed_costs.macs for row in rows], ".3f"),
                spread([row.costs.imo_percent for row in rows], ".2f"),
            )
            print(f"| {memory} | {strength:g} | {' | '.join(columns)} |")
    print()
    for memory in memories:
        near = [
            row
            for strength in strengths
            for row in chosen(results, memory, strength)
            if row.memory_bytes >= EQUAL_SHARE * row.limit_bytes
        ]
        if near:
            energies = [row.costs.active_j for row in near]
            accuracies = [accuracy_of(row) for row in near]
            print(
                f"at {memory}: energy range {max(energies) / min(energies):.2f}x, "
                f"accuracy range {max(accuracies) - min(accuracies):.2f} points, {len(near)} networks"
            )
    bound = statistics.mean(seed_accuracies) - NEGLIGIBLE_POINTS
    points = [chosen(results, memory, strength) for memory in memories for strength in strengths]
    able = [rows for rows in points if statistics.mean(accuracy_of(row) for row in rows) >= bound]
    for what, field in (("energy", "active_j"), ("latency", "latency_s")):
        savings = [
            statistics.mean(getattr(row.seed_costs, field) / getattr(row.costs, field) for row in rows) for rows in able
        ]
        if savings:
            print(f"{what} saved at most {NEGLIGIBLE_POINTS:g} points below the seed: {max(savings):.2f}x")
    projected = sum(result.projected for result in results)
    print(f"{projected} of {len(results)} searches ended above the limit and were cut down to it")


def print_replays(
    config: DnasConfig, results: Sequence[DnasResult], memories: Sequence[str], strengths: Sequence[float]
) -> None:
    """Median over the traces of an inference's latency and of inferences a day, against the seed's."""
    choice = ReplayChoice(duration=REPLAY_S)
    ready = prepare_replay(load_replays(choice, target_settings(config.target)).scenarios, EngineChoice.COMPILED)
    seed = ready.measures(load_network(config.seed_net))
    print(f"\nreplayed: the seed takes {seed.replay_latency_s:.3g} s, {seed.inferences_per_day:.3g} inferences a day\n")
    print("| memory | strength | replay latency/seed | inferences per day/seed |\n|---|---|---|---|")
    for memory in memories:
        for strength in strengths:
            found = [ready.measures(row.network) for row in chosen(results, memory, strength)]
            latency = spread([each.replay_latency_s / seed.replay_latency_s for each in found], ".3f")
            rate = spread([each.inferences_per_day / seed.inferences_per_day for each in found], ".2f")
            print(f"| {memory} | {strength:g} | {latency} | {rate} |", flush=True)


def chosen(results: Sequence[DnasResult], memory: str, strength: float) -> list[DnasResult]:
    """The seeds of one point."""
    return [row for row in results if row.config.memory == memory and row.config.strength == strength]


def accuracy_of(row: DnasResult) -> float:
    """Test accuracy of a finished point."""
    assert row.test_accuracy_percent is not None
    return row.test_accuracy_percent


def spread(values: Sequence[float], form: str) -> str:
    """Mean, and the range in brackets."""
    return f"{statistics.mean(values):{form}} ({min(values):{form}} to {max(values):{form}})"


if __name__ == "__main__":
    main()
