"""Channel searches at 75 to 6.25 % of the seed's memory: what they keep of its accuracy and save of its energy.

    python docs/nas/dnas_sweep.py --data digits --work DIR [--folder DATA] [--seeds 3] [--strengths 0 3 10]
        [--objectives energy macs] [--replay] [--traces-from ../shared/data] [--out dnas_digits.md]

Goes on where it ended: points, warm-ups and seed networks are kept in `DIR/DATA`, points of strength 0 once for all
objectives. Prints the page as Markdown, or writes it with a picture of the fronts beside it. Costs: the consistent
model (`nas.hardware.pricing`) at a capacitor that gives the seed 20 power cycles and more; memory is that of weights,
as in the published ladders. The test split is opened when all points are finished. `--replay` replays seed and
networks on the default traces of the search command, or on recordings, with the designs that replay chooses itself.
`--epochs N` shortens all phases, to try things out.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from dnas_seeds import HAR_SEED, digits_cnn
from dnas_tables import Point, Sweep, attainable, draw_fronts, gain_table, objective_table

from nas.data.catalogue import load_data
from nas.data.data_set import DataSet
from nas.fitness.replay import ReplayFitness, measures_of, prepare_replay
from nas.methods.dnas.config import DnasConfig, Memory, Objective
from nas.methods.dnas.costs import CostBook
from nas.methods.dnas.final import final_accuracy, seed_model, with_test_accuracy
from nas.methods.dnas.result import DnasResult
from nas.methods.dnas.search import DnasProgress
from nas.methods.dnas.settings import DnasSettings
from nas.methods.dnas.sweep import PUBLISHED_MEMORIES, sweep
from nas.modules.kinds import Initialisation
from nas.problem.evaluation import Measures
from nas.search.config import ReplayChoice
from nas.search.replaying import load_replays, read_trace_word
from nas.space.target import Target, target_settings
from nas.train.settings import Augmentation, Optimiser, TrainSettings
from simint.engine.engines import EngineChoice
from simint.files import replacing
from simint.network.catalogue import load_network
from simint.network.json_file import write_network
from simint.network.network import Network
from simint.units import parse_quantity

# Time for tens of inferences of the seed where harvest is poor.
REPLAY_S = {"digits": 1800.0, "har": 1800.0, "cifar10": 14400.0}
# Capacitors with a calibrated source (TiNAS) at which the seed takes about 26 (digits), 20 and 100 power cycles.
CAPACITORS = {"digits": 100e-6, "har": 100e-6, "cifar10": 470e-6}
TRACES = (  # under --traces-from: radio carried and past a reader, solar cell indoors and jogging
    "rf_react/rf-mobile.trace",
    "rf_mementos/mementos_rf.npz#trace_02",
    "solar_indoor_moving/solar_indoor_moving.npz",
    "solar_jogging_iv/jogging_10m_iv.npz",
)


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


def config_of(data: str, folder: str | None, work: Path, capacitance: float, memory_of: Memory) -> DnasConfig:
    """Seed network and lengths of the phases: about as many steps on small data as on large."""
    plain, flips = Augmentation.NONE, Augmentation.FLIP_SHIFT
    seed_net, settings = "mlperf:resnet8", DnasSettings()
    if data == "digits":
        seed_net = str(work / "digits-cnn.json")
        work.mkdir(parents=True, exist_ok=True)
        write_network(digits_cnn(), work / "digits-cnn.json")
        settings = DnasSettings(warm_up=training(20, 3e-3, plain), fine_tune=training(20, 1e-3, plain), epochs=40)
    elif data == "har":
        seed_net = HAR_SEED
        settings = DnasSettings(
            warm_up=training(15, 3e-3, plain), fine_tune=training(15, 1e-3, plain), epochs=40, mask_rate=1e-3
        )
    else:
        # Short: an epoch takes 20 s of one core, and there are 30 points and more.
        settings = DnasSettings(
            warm_up=training(10, 3e-3, flips),
            fine_tune=training(8, 1e-3, flips),
            epochs=8,
            mask_rate=2e-3,
            augmentation=flips,
        )
    return DnasConfig(
        seed_net=seed_net,
        data=data,
        data_folder=folder,
        memory_of=memory_of,
        target=Target(platform="msp430fr5994", capacitance=capacitance),
        settings=settings,
    )


def shortened(config: DnasConfig, epochs: int) -> DnasConfig:
    """As many epochs of search, and half as many of warm-up and fine-tuning."""
    half, settings = max(1, epochs // 2), config.settings
    warm_up, fine_tune = (msgspec.structs.replace(each, epochs=half) for each in (settings.warm_up, settings.fine_tune))
    # The rate of alphas is about how far they move in a step: fewer steps, larger ones.
    rate = settings.mask_rate * settings.epochs / epochs
    settings = msgspec.structs.replace(settings, warm_up=warm_up, fine_tune=fine_tune, epochs=epochs, mask_rate=rate)
    return msgspec.structs.replace(config, settings=settings)


@dataclass(frozen=True)
class Study:
    """What is swept; `replays` is None where nothing is replayed."""

    config: DnasConfig
    data: DataSet
    work: Path
    memories: Sequence[str]
    strengths: Sequence[float]
    seeds: Sequence[int]
    device: str
    replays: ReplayFitness | None

    def swept(self, objectives: Sequence[Objective]) -> list[Sweep]:
        """Every objective; a point of strength 0 does not depend on it and is searched once, as of energy."""
        free = [each for each in self.strengths if each == 0]
        paid = [each for each in self.strengths if each > 0]
        shared = self._results(Objective.ENERGY, free) if free else []
        found = {objective: [*shared, *self._results(objective, paid)] for objective in objectives}
        # All networks are chosen before the test split is opened.
        models = [
            seed_model(msgspec.structs.replace(self.config, seed=seed), self.data, self.work, device=self.device)
            for seed in self.seeds
        ]
        accuracies = [final_accuracy(model, self.data) for model in models]
        seed_measures = self._measured(load_network(self.config.seed_net))
        known: dict[str, Measures] = {}
        sweeps = []
        for objective, results in found.items():
            points = []
            for result in results:
                tested = with_test_accuracy(result, self.data, self.work)
                if result.config_sha256 not in known:
                    known[result.config_sha256] = self._measured(result.network)
                points.append(Point(tested, known[result.config_sha256]))
            sweeps.append(Sweep(objective, self.memories, self.strengths, points, accuracies, seed_measures))
        return sweeps

    def _results(self, objective: Objective, strengths: Sequence[float]) -> Sequence[DnasResult]:
        config = msgspec.structs.replace(self.config, objective=objective)
        return sweep(config, self.work, self.memories, strengths, self.seeds, show, self.device) if strengths else ()

    def _measured(self, network: Network) -> Measures:
        return Measures() if self.replays is None else measures_of(self.replays.replay(network))

    def limits(self) -> str:
        """What a choice of counts can change at all."""
        network, book = load_network(self.config.seed_net), CostBook()
        macs = book.costs(msgspec.structs.replace(self.config, objective=Objective.MACS), network)
        return attainable(self.config, book.costs(self.config, network), macs, self.memories)


def show(progress: DnasProgress) -> None:
    """A line at the end of every phase."""
    if progress.epoch == progress.epochs:
        accuracy = progress.validation_accuracy_percent
        print(f"  {progress.point} {progress.phase}: {accuracy:.2f} % on validation", flush=True)


def page(study: Study, sweeps: Sequence[Sweep], picture: str) -> str:
    """Everything, as Markdown; `picture`: the file of the fronts, empty for none."""
    config = study.config
    capacitance = target_settings(config.target).capacitance
    replayed = (
        ""
        if study.replays is None
        else "; replayed on "
        + ", ".join(Path(ready.scenario.trace.name).name for ready in study.replays.ready)
        + f", {REPLAY_S[config.data] / 60:.0f} minutes each, rates and times of the median trace"
    )
    parts = [
        f"# Channel search on {config.data} at {1e6 * capacitance:g} uF",
        f"Made by `docs/nas/dnas_sweep.py --data {config.data}`; seeds {', '.join(map(str, study.seeds))}; model costs "
        f"on {config.target.platform}{replayed}.",
        *([f"![Fronts]({picture})"] if picture else []),
        *(objective_table(each) for each in sweeps),
    ]
    macs = next((each for each in sweeps if each.objective is Objective.MACS), None)
    parts += [gain_table(each, macs) for each in sweeps if macs is not None and each is not macs]
    return "\n\n".join([*parts, study.limits()]) + "\n"


def loaded_replays(config: DnasConfig, traces_from: Path | None) -> ReplayFitness:
    """The replays: default traces, or the recordings of a folder."""
    choice = ReplayChoice(duration=REPLAY_S[config.data])
    if traces_from is not None:
        traces = tuple(read_trace_word(f"{traces_from}/{file}") for file in TRACES)
        choice = msgspec.structs.replace(choice, traces=traces)
    return prepare_replay(load_replays(choice, target_settings(config.target)).scenarios, EngineChoice.COMPILED)


def main() -> None:
    """Run what is missing and give the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", choices=tuple(CAPACITORS), required=True)
    parser.add_argument("--folder", help="where the files of the data set are")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--memories", nargs="+", default=list(PUBLISHED_MEMORIES))
    parser.add_argument("--memory-of", type=Memory, choices=tuple(Memory), default=Memory.WEIGHTS)
    parser.add_argument("--strengths", nargs="+", type=float, default=[0.0, 3.0, 10.0])
    parser.add_argument("--objectives", nargs="+", type=Objective, choices=tuple(Objective), default=[Objective.ENERGY])
    parser.add_argument("--capacitor", help="such as 470uF; one with a calibrated source: 5mF, 470uF, 100uF")
    parser.add_argument("--epochs", type=int, help="of the search, to try things out")
    parser.add_argument("--replay", action="store_true", help="replay the seed and every network")
    parser.add_argument(
        "--traces-from", type=Path, help="a folder of recordings to replay in place of the default traces"
    )
    parser.add_argument("--out", type=Path, help="Markdown file; the fronts are drawn beside it")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    capacitance = CAPACITORS[arguments.data]
    if arguments.capacitor is not None:
        capacitance = parse_quantity(arguments.capacitor, "F", "--capacitor")
    work = arguments.work / arguments.data
    config = config_of(arguments.data, arguments.folder, work, capacitance, arguments.memory_of)
    if arguments.epochs is not None:
        config = shortened(config, arguments.epochs)
    replays = loaded_replays(config, arguments.traces_from) if arguments.replay else None
    data = load_data(arguments.data, None if arguments.folder is None else Path(arguments.folder))
    seeds = range(arguments.seeds)
    study = Study(config, data, work, arguments.memories, arguments.strengths, seeds, arguments.device, replays)
    sweeps = study.swept(arguments.objectives)
    if arguments.out is None:
        print(page(study, sweeps, ""), end="")
        return
    picture = arguments.out.with_suffix(".png")
    draw_fronts(picture, sweeps)
    with replacing(arguments.out) as draft:
        draft.write_text(page(study, sweeps, picture.name), encoding="utf-8")


if __name__ == "__main__":
    main()
