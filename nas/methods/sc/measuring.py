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
    `data_folder` holds the data set where that is not the usual place, `trained` keeps trained networks.
    """

    space: ScSpace
    settings: TrainSettings
    exact: bool = True
    tuning_epochs: int = 4
    data_folder: str | None = None
    trained: str | None = None

    @property
    def fidelity(self) -> str:
        """Name of the measure."""
        epochs = self.settings.epochs
        return f"sc-exact-{epochs}-{self.tuning_epochs}" if self.exact else f"train-{epochs}"

    def open(self) -> ScBench:
        """The data loaded; InputError where they are not found."""
        import torch

        from nas.data import data_hash, load_data

        torch.set_num_threads(1)
        data = load_data(self.space.data_set, None if self.data_folder is None else Path(self.data_folder))
        folder = None if self.trained is None else Path(self.trained)
        return ScBench(
            self.space, Trainer(data, data_hash(data), self.settings, folder), self.exact, self.tuning_epochs
        )


@dataclass(frozen=True, slots=True)
class ScBench:
    """A recipe with its data."""

    space: ScSpace
    trainer: Trainer
    exact: bool
    tuning_epochs: int

    def measures(self, genome: Genome, word: str) -> Measures:
        """Validation accuracy of a design."""
        return Measures(accuracy_percent=self._accuracy_percent(genome, test=False))

    def test_accuracy_percent(self, genome: Genome) -> float:
        """Accuracy on the test split, for final reports alone."""
        return self._accuracy_percent(genome, test=True)

    def _accuracy_percent(self, genome: Genome, test: bool) -> float:
        import torch

        from nas.data import open_test
        from nas.stochastic.accuracy import exact_accuracy_percent
        from nas.stochastic.network import stochastic_network
        from nas.stochastic.tuning import TuneSettings, tuned
        from nas.train.evaluate import accuracy_percent
        from nas.train.fitting import suited_data

        network, config = self.space.network(genome), self.space.config(genome)
        trained = self.trainer.trained(network, config.activation)
        data = suited_data(self.trainer.data, network)
        if not self.exact:
            return accuracy_percent(trained.module, open_test(data)) if test else trained.accuracy_percent
        seed = self.trainer.settings.seed
        # Samples of a subject may follow one another: take them from all over the split.
        places = torch.linspace(0, len(data.train) - 1, min(CALIBRATION, len(data.train))).long()
        mapped = stochastic_network(trained.module, config, torch.from_numpy(data.train.x)[places], seed)
        mapped, accuracy = tuned(mapped, data.train, data.validation, TuneSettings(self.tuning_epochs, seed=seed))
        return exact_accuracy_percent(mapped, open_test(data)) if test else accuracy
