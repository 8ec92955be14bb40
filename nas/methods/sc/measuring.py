"""Accuracy of designs: train the network once, then emulate its hardware bit for bit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nas.methods.sc.space import ScSpace
from nas.methods.sc.trained import Trainer
from nas.problem.evaluation import Measures
from nas.space.genome import Genome

if TYPE_CHECKING:
    from nas.train.settings import TrainSettings

CALIBRATION = 256  # training samples that scales are taken from


@dataclass(frozen=True, slots=True)
class ScRecipe:
    """How to measure a design of `space`, as data that travels to workers.

    `exact`: validation accuracy of the stochastic hardware, every bit emulated; else that of the network in floating
    point, for the baseline. `tuning_epochs` of training on with the hardware emulated (`nas.stochastic.tuning`).
    `data_folder` holds the data set where that is not the usual place, `trained` keeps trained networks. `name` tells
    apart what designs of several spaces are in a store, whose genomes mean different things. `test`: accuracy on the
    test split, for final reports alone.
    """

    space: ScSpace
    settings: TrainSettings
    exact: bool = True
    tuning_epochs: int = 4
    data_folder: str | None = None
    trained: str | None = None
    name: str = "sc"
    test: bool = False

    @property
    def fidelity(self) -> str:
        """Name of the measure, such as `sc-exact-15-4` by epochs of training and tuning, `train-15`."""
        epochs = self.settings.epochs
        measure = f"{self.name}-exact-{epochs}-{self.tuning_epochs}" if self.exact else f"train-{epochs}"
        return f"test-{measure}" if self.test else measure

    def open(self) -> ScBench:
        """The data loaded; InputError where they are not found."""
        import torch

        from nas.data.catalogue import load_data
        from nas.data.data_set import data_hash

        torch.set_num_threads(1)
        data = load_data(self.space.data_set, None if self.data_folder is None else Path(self.data_folder))
        folder = None if self.trained is None else Path(self.trained)
        trainer = Trainer(data, data_hash(data), self.settings, folder)
        return ScBench(self.space, trainer, self.exact, self.tuning_epochs, self.test)


@dataclass(frozen=True, slots=True)
class ScBench:
    """A recipe with its data."""

    space: ScSpace
    trainer: Trainer
    exact: bool
    tuning_epochs: int
    test: bool

    def measures(self, genome: Genome, word: str) -> Measures:
        """Accuracy of a design."""
        return Measures(accuracy_percent=self._accuracy_percent(genome))

    def _accuracy_percent(self, genome: Genome) -> float:
        import torch

        from nas.data.data_set import open_test
        from nas.stochastic.accuracy import exact_accuracy_percent
        from nas.stochastic.network import stochastic_network
        from nas.stochastic.tuning import TuneSettings, tuned
        from nas.train.evaluate import accuracy_percent
        from nas.train.fitting import suited_data

        network, config = self.space.network(genome), self.space.config(genome)
        trained = self.trainer.trained(network, config.activation)
        data = suited_data(self.trainer.data, network)
        if not self.exact:
            return accuracy_percent(trained.module, open_test(data)) if self.test else trained.accuracy_percent
        seed = self.trainer.settings.seed
        # Samples of a subject may follow one another: take them from all over the split.
        places = torch.linspace(0, len(data.train) - 1, min(CALIBRATION, len(data.train))).long()
        mapped = stochastic_network(trained.module, config, torch.from_numpy(data.train.x)[places], seed)
        mapped, accuracy = tuned(mapped, data.train, data.validation, TuneSettings(self.tuning_epochs, seed=seed))
        return exact_accuracy_percent(mapped, open_test(data)) if self.test else accuracy
