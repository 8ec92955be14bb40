"""All seeds of a run: trained where they are not yet, and tested where that is asked for."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import msgspec

from nas.data.catalogue import load_data
from nas.data.data_set import DataSet, open_test
from nas.modules.network_module import NetworkModule, build_module
from nas.train.curve import draw_curves
from nas.train.device import chosen_device, torch_threads
from nas.train.evaluate import accuracy_percent
from nas.train.finished import check_finished
from nas.train.fitting import suited_data
from nas.train.history import EpochRecord
from nas.train.loop import train, weights_generator
from nas.train.model_file import read_model, trained_model, write_model
from nas.train.run_folder import (
    Run,
    SeedResult,
    Summary,
    model_path,
    read_history,
    read_run,
    read_summary,
    seed_folder,
    with_seed,
    write_history,
    write_summary,
)
from nas.train.settings import TrainSettings
from simint.report.status import StatusLine
from simint.units import format_duration


def train_seeds(
    folder: Path, data: DataSet, seeds: Sequence[int], device: str = "cpu", threads: int = 1, workers: int = 1
) -> Summary:
    """Train the seeds of the run in `folder` that are not finished; `data` is the run's, at its resolution.

    Every seed's result depends on run and seed alone, whatever the number of workers. Raises InputError, before
    anything is trained, where the files of a finished seed are damaged or another training's.
    """
    run = read_run(folder)
    summary = read_summary(folder, run)
    finished = {result.seed: result for result in summary.seeds if model_path(folder, result.seed).exists()}
    for seed in seeds:
        if seed in finished:
            check_finished(folder, run, finished[seed])
    open_seeds = [seed for seed in seeds if seed not in finished]
    with StatusLine() as line:
        for result in _results(folder, run, data, open_seeds, device, threads, workers, line):
            summary = with_seed(summary, result)
            write_summary(folder, summary)
            (seed_folder(folder, result.seed) / "checkpoint.pt").unlink(missing_ok=True)
    histories = {seed: read_history(seed_folder(folder, seed) / "history.csv") for seed in seeds}
    draw_curves(folder / "curve.png", f"{run.network.name} on {run.data}", histories)
    return summary


def evaluate_test(folder: Path, data: DataSet, seeds: Sequence[int], device: str = "cpu", threads: int = 1) -> Summary:
    """Test accuracy of the finished seeds; a seed that has one keeps it."""
    summary = read_summary(folder, read_run(folder))
    waiting = [result for result in summary.seeds if result.seed in seeds and result.test_accuracy_percent is None]
    if not waiting:
        return summary
    split, place = open_test(data), chosen_device(device)
    with torch_threads(threads):
        for result in waiting:
            module = read_model(model_path(folder, result.seed)).module().to(place)
            accuracy = accuracy_percent(module, split)
            summary = with_seed(summary, msgspec.structs.replace(result, test_accuracy_percent=accuracy))
    write_summary(folder, summary)
    return summary


def _results(
    folder: Path,
    run: Run,
    data: DataSet,
    seeds: Sequence[int],
    device: str,
    threads: int,
    workers: int,
    line: StatusLine,
) -> Iterator[SeedResult]:
    """Finished seeds as they come."""
    if workers == 1 or len(seeds) < 2:
        for number, seed in enumerate(seeds):

            def show(record: EpochRecord, number: int = number, seed: int = seed) -> None:
                if line.due():
                    done, total = number * run.settings.epochs + record.epoch, len(seeds) * run.settings.epochs
                    left = format_duration(round(record.seconds * (total - done)))
                    accuracy = f"validation {record.validation_accuracy_percent:.2f} %"
                    line.show(f"seed {seed}, epoch {record.epoch}: {accuracy}, about {left} left", done, total)

            yield _train_seed(folder, run, data, seed, device, threads, show)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(seeds)), mp_context=context) as pool:
        tasks = [pool.submit(_work, folder, seed, device, threads) for seed in seeds]
        for number, task in enumerate(as_completed(tasks), start=1):
            yield task.result()
            if line.due():
                line.show(f"{number} of {len(seeds)} seeds trained", number, len(seeds))


def _work(folder: Path, seed: int, device: str, threads: int) -> SeedResult:
    """One seed in a process of its own."""
    run = read_run(folder)
    found = load_data(run.data, None if run.data_folder is None else Path(run.data_folder))
    return _train_seed(folder, run, suited_data(found, run.network), seed, device, threads, None)


def _train_seed(
    folder: Path,
    run: Run,
    data: DataSet,
    seed: int,
    device: str,
    threads: int,
    progress: Callable[[EpochRecord], None] | None,
) -> SeedResult:
    place = seed_folder(folder, seed)
    settings = msgspec.structs.replace(run.settings, seed=seed)
    module, start = _start(run, settings)
    result = train(module, data.train, data.validation, settings, place / "checkpoint.pt", progress, device, threads)
    write_history(place / "history.csv", result.history)
    write_model(place / "model.pt", trained_model(run.data, data, settings, module, start, result))
    return SeedResult(
        seed=seed,
        best_epoch=result.best.epoch,
        validation_accuracy_percent=result.validation_accuracy_percent,
        seconds=sum(record.seconds for record in result.history),
    )


def _start(run: Run, settings: TrainSettings) -> tuple[NetworkModule, str]:
    """The module with its first weights, and where they come from, in words."""
    generator = weights_generator(settings.seed)
    module = build_module(run.network, generator, run.activations, settings.initialisation)
    if run.start_file is None:
        return module, "scratch"
    model = read_model(Path(run.start_file))
    module.load_state_dict(model.state)
    return module, f"{run.start_file} ({model.record.validation_accuracy_percent:.2f} % on validation)"
