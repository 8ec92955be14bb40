"""A network that stands in the comparison, and the folder of a search it was read from."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nas.search.config import ReplayChoice
from nas.space.target import Target
from simint.network.network import Network

PUBLISHED = "published"  # in place of a method
AccuracyOf = Callable[[str], float]  # of a network word, percent; NaN where it cannot be had


@dataclass(frozen=True, slots=True)
class Candidate:
    """A network with what the search it comes from says of it; `method` is `published` where it comes from none.

    `accuracy_percent`: on the validation split, found as `accuracy_by` says; NaN where nobody asked. `choice`: it is
    the one network that its method returns. `sc_energy_j`: of an inference on the stochastic hardware the network was
    found with, which its accuracy is that of; NaN elsewhere. `word`: how it is called where it comes from.
    """

    name: str
    origin: str
    method: str
    word: str
    network: Network
    accuracy_percent: float = math.nan
    accuracy_by: str = ""
    on_front: bool = False
    choice: bool = False
    sc_energy_j: float = math.nan

    @property
    def published(self) -> bool:
        """Whether others found it."""
        return self.method == PUBLISHED


@dataclass(frozen=True)
class SearchFolder:
    """What a folder says of its search, whatever its method.

    `label`: what the folder is called here, unlike any other. `data_sha256` is empty where the search never looked at
    data. `kinds`: beginnings of words (`mbconv:har`) that published networks of the same kind have. `target` and
    `replay`: what it was searched and replayed for, None where nothing. `accuracy_of`: the measure of the search for
    other networks, where it has one.
    """

    path: Path
    label: str
    method: str
    data_set: str
    candidates: tuple[Candidate, ...]
    kinds: tuple[str, ...] = ()
    data_sha256: str = ""
    target: Target | None = None
    replay: ReplayChoice | None = None
    accuracy_by: str = ""
    accuracy_of: AccuracyOf | None = None


def kind_of(word: str) -> str:
    """The beginning that all networks of a kind and data set share; empty for what is no word of a family."""
    family, _, rest = word.partition(":")
    shape, mark, _ = rest.partition(":")
    return f"{family}:{shape}" if mark else ""
