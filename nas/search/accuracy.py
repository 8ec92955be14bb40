"""Recipes for the accuracy of a candidate: its path in a trained supernet, or a training of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nas.problem.evaluation import Measures
from nas.problem.measuring import Bench
from nas.space.genome import Genome
from nas.train.seeds import seed_of

if TYPE_CHECKING:
    from nas.data.data_set import DataSet
    from nas.supernet.scoring import SupernetScorer
    from nas.train.settings import TrainSettings


@dataclass(frozen=True, slots=True)
class DataPlace:
    """A data set by name, and the folder it lies in where that is not the usual one."""

    name: str
    folder: str | None

    def load(self) -> DataSet:
        """Training and validation split; InputError where it is not found."""
        from nas.data.catalogue import load_data

        return load_data(self.name, None if self.folder is None else Path(self.folder))


@dataclass(frozen=True, slots=True)
class SupernetRecipe:
    """Validation accuracy with the weights of a supernet that is trained already."""

    checkpoint: str
    data: DataPlace

    @property
    def fidelity(self) -> str:
        """As `Recipe`."""
        return "supernet"

    def open(self) -> Bench:
        """Supernet and data loaded."""
        from nas.supernet.scoring import open_scorer

        return SupernetBench(open_scorer(Path(self.checkpoint), self.data.load()))


@dataclass(frozen=True, slots=True)
class SupernetBench:
    """A loaded supernet."""

    scorer: SupernetScorer

    def measures(self, genome: Genome, word: str) -> Measures:
        """Accuracy of the path that the word is."""
        from simint.network.mbconv import parse_mbconv

        return Measures(accuracy_percent=self.scorer.path_accuracy_percent(parse_mbconv(word)))


@dataclass(frozen=True, slots=True)
class TrainRecipe:
    """Validation accuracy of the network trained from scratch; weights and order are drawn by seed and word."""

    data: DataPlace
    settings: TrainSettings

    @property
    def fidelity(self) -> str:
        """As `Recipe`."""
        return f"train-{self.settings.epochs}"

    def open(self) -> Bench:
        """Data loaded."""
        return TrainBench(self.data.load(), self.settings)


@dataclass(frozen=True, slots=True)
class TrainBench:
    """A loaded data set."""

    data: DataSet
    settings: TrainSettings

    def measures(self, genome: Genome, word: str) -> Measures:
        """Best validation accuracy over the epochs of a training; InputError where it diverges."""
        from nas.modules.network_module import build_module
        from nas.train.fitting import suited_data
        from nas.train.loop import train, weights_generator
        from simint.network.families import network_from_word

        network = network_from_word(word)
        data = suited_data(self.data, network)
        settings = msgspec.structs.replace(self.settings, seed=seed_of(word, self.settings.seed))
        module = build_module(network, weights_generator(settings.seed), None, settings.initialisation)
        result = train(module, data.train, data.validation, settings)
        return Measures(accuracy_percent=result.validation_accuracy_percent)
