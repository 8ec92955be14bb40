"""`python -m nas.train NETWORK --data har --out DIR`: train a network, from scratch or from a model file."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nas.modules.kinds import Activations, Initialisation
from nas.train.published import Recipe, recipe_settings
from nas.train.settings import Augmentation, Optimiser, Schedule, TrainSettings
from simint.cli import Parser, guarded
from simint.errors import InputError

if TYPE_CHECKING:
    from nas.train.model_file import Model
    from nas.train.run_folder import Run, Summary

_MOST_THREADS = 1024  # chosen, above all machines of today: of many thousands torch dies without a word
_SETTINGS = (
    "epochs",
    "batch",
    "learning_rate",
    "optimiser",
    "momentum",
    "weight_decay",
    "schedule",
    "label_smoothing",
    "augmentation",
    "initialisation",
)


def main(argv: list[str] | None = None) -> int:
    """The command; returns the exit code."""
    return guarded(lambda: _run(_parser().parse_args(argv)))


def _parser() -> Parser:
    parser = Parser(
        prog="python -m nas.train",
        description="Train a network from scratch, or on from a model file, and keep the weights of the best "
        "validation epoch. The same call on the same folder goes on where an interrupted one stopped.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "network", metavar="NETWORK", nargs="?", help="a preset, a word, or .json; with --from by default the model's"
    )
    parser.add_argument("--data", help="data set (`python -m nas.data`); with --from by default the model's")
    parser.add_argument("--data-folder", type=Path, metavar="DIR", help="where the data sets lie")
    parser.add_argument("--from", type=Path, dest="start", metavar="MODEL", help="start from this model's weights")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of this training")
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="trainings that differ in their random draws")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="the first seed, default 0")
    parser.add_argument("--test", action="store_true", help="at the end, test accuracy of the kept weights, once")
    recipe = parser.add_argument_group("settings", "By default those of the recipe for this data set.")
    recipe.add_argument(
        "--recipe", choices=[item.value for item in Recipe], help="default scratch, with --from fine-tune"
    )
    recipe.add_argument("--epochs", type=int, metavar="N")
    recipe.add_argument("--batch", type=int, metavar="N")
    recipe.add_argument("--learning-rate", type=float, metavar="R")
    recipe.add_argument("--optimiser", type=Optimiser, choices=list(Optimiser))
    recipe.add_argument("--momentum", type=float, metavar="M")
    recipe.add_argument("--weight-decay", type=float, metavar="W")
    recipe.add_argument("--schedule", type=Schedule, choices=list(Schedule))
    recipe.add_argument("--label-smoothing", type=float, metavar="S")
    recipe.add_argument("--augmentation", type=Augmentation, choices=list(Augmentation))
    recipe.add_argument("--initialisation", type=Initialisation, choices=list(Initialisation))
    recipe.add_argument(
        "--activations",
        type=Activations,
        choices=list(Activations),
        help="ReLUs of the layer list, or behind every hidden layer; default: hidden for a list without RELU",
    )
    machine = parser.add_argument_group("machine")
    machine.add_argument("--device", default="cpu", help="cpu (default), cuda, cuda:N, or auto")
    machine.add_argument("--threads", type=int, default=1, metavar="N", help="of each training, default 1")
    machine.add_argument("--workers", type=int, default=1, metavar="N", help="seeds trained side by side, default 1")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    from nas.data.catalogue import load_data
    from nas.data.data_set import data_hash
    from nas.train.fitting import suited_data
    from nas.train.run_folder import Run, held_run
    from simint.network.catalogue import load_network

    for option in ("seeds", "threads", "workers"):
        if getattr(arguments, option) < 1:
            raise InputError(f"--{option}: at least 1, got {getattr(arguments, option)}")
    cores = os.cpu_count() or 1
    if arguments.threads > max(cores, _MOST_THREADS):
        raise InputError(f"--threads: at most {max(cores, _MOST_THREADS)}, got {arguments.threads}")
    if arguments.threads > cores:  # not refused: a training that began on more cores goes on
        print(
            f"--threads {arguments.threads}: more than the {cores} core{'s' * (cores > 1)} of this machine, "
            "which makes it slower",
            file=sys.stderr,
        )
    if arguments.start is None and (arguments.network is None or arguments.data is None):
        raise InputError("NETWORK and --data say what is trained on what; only --from MODEL brings its own")
    if arguments.network is not None and arguments.network.startswith("sc:"):
        raise InputError(
            f"{arguments.network}: designs of sc-nas are trained, and tuned with their hardware, by "
            "`python -m nas.search --method sc-nas` alone, for longer with its --epochs"
        )
    network = None if arguments.network is None else load_network(arguments.network)
    model = None if arguments.start is None else _start_model(arguments.start)
    if model is not None:
        network = model.network if network is None else network
        if network.layers != model.network.layers:
            raise InputError(
                f"{arguments.start}: holds network {model.network.name!r}, other layers than {network.name!r}"
            )
    assert network is not None
    name = arguments.data if arguments.data is not None or model is None else model.record.data
    settings = _settings(arguments, name)
    seeds = range(arguments.seed, arguments.seed + arguments.seeds)
    for seed in (seeds[0], seeds[-1]):
        msgspec.structs.replace(settings, seed=seed)  # refuses one that is none
    data = suited_data(load_data(name, arguments.data_folder), network)

    # torch is loaded only now, so that help and wrong input answer at once.
    from nas.modules.activations import usual_activations
    from nas.train.device import chosen_device
    from nas.train.session import evaluate_test, train_seeds

    chosen_device(arguments.device)
    usual = usual_activations(network) if model is None else model.record.activations
    run = Run(
        network=network,
        activations=arguments.activations or usual,
        data=name,
        data_folder=None if arguments.data_folder is None else str(arguments.data_folder.resolve()),
        data_sha256=data_hash(data),
        start="scratch" if model is None else hashlib.sha256(arguments.start.read_bytes()).hexdigest(),
        start_file=None if model is None else str(arguments.start.resolve()),
        settings=settings,
    )
    with held_run(arguments.out, run):
        summary = train_seeds(arguments.out, data, seeds, arguments.device, arguments.threads, arguments.workers)
        if arguments.test:
            summary = evaluate_test(arguments.out, data, seeds, arguments.device, arguments.threads)
    _report(arguments, run, summary, seeds)
    return 0


def _start_model(path: Path) -> Model:
    if not path.is_file():
        raise InputError(f"{path}: no such model file")
    from nas.train.model_file import read_model

    return read_model(path)


def _settings(arguments: argparse.Namespace, data: str) -> TrainSettings:
    """Those of the recipe, changed where an option is given."""
    usual = Recipe.SCRATCH if arguments.start is None else Recipe.FINE_TUNE
    recipe = usual if arguments.recipe is None else Recipe(arguments.recipe)
    changes = {name: getattr(arguments, name) for name in _SETTINGS if getattr(arguments, name) is not None}
    return msgspec.structs.replace(recipe_settings(recipe, data), **changes)


def _report(arguments: argparse.Namespace, run: Run, summary: Summary, seeds: range) -> None:
    if arguments.json:
        print(msgspec.json.format(msgspec.json.encode(summary), indent=2).decode())
        return
    results = [result for result in summary.seeds if result.seed in seeds]
    print(f"{run.network.name} on {run.data}, {run.settings.epochs} epoch{'s' * (run.settings.epochs > 1)}")
    for result in results:
        validation = f"validation {result.validation_accuracy_percent:.2f} % (epoch {result.best_epoch})"
        test = "" if result.test_accuracy_percent is None else f", test {result.test_accuracy_percent:.2f} %"
        print(f"seed {result.seed}: {validation}{test}, {result.seconds / run.settings.epochs:.2f} s an epoch")
    if len(results) > 1:
        tested = [result.test_accuracy_percent for result in results if result.test_accuracy_percent is not None]
        test = "" if len(tested) < len(results) else f", test {_spread(tested)}"
        print(f"{len(results)} seeds: validation {_spread([r.validation_accuracy_percent for r in results])}{test}")
    print(f"written to {arguments.out}")


def _spread(percents: list[float]) -> str:
    """Mean and standard deviation of a sample."""
    mean = sum(percents) / len(percents)
    deviation = (sum((value - mean) ** 2 for value in percents) / (len(percents) - 1)) ** 0.5
    return f"{mean:.2f} +- {deviation:.2f} %"


if __name__ == "__main__":
    sys.exit(main())
