"""What search and training may see of a data set, and the test split behind its own door."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nas.data.normalisation import Normalisation
from nas.data.resize import resized, resized_shape
from nas.data.split import RawSplit, Split
from simint.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class TestSource:
    """How to read the test split, not the split: `read` loads it raw, `resolution` is its data set's, where changed."""

    __test__ = False  # not a test, whatever pytest makes of the name

    read: Callable[[], RawSplit]
    resolution: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DataSet:
    """Training and validation samples, disjoint, normalised by the training split's statistics.

    Everything a search or a training decides, it decides by these two. `source` names files and hash, for the record.
    """

    name: str
    classes: int
    class_names: tuple[str, ...]
    train: Split
    validation: Split
    normalisation: Normalisation
    source: str
    test: TestSource

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of one sample."""
        _, channels, height, width = self.train.x.shape
        return channels, height, width

    def resized(self, resolution: int) -> DataSet:
        """The data set at another height, see `nas.data.resize`; samples are normalised first and then resized.

        So `normalisation` stays that of the files, and one model's inputs at two resolutions have the same scale.
        Raises InputError for a height out of range, or where this set is resized already.
        """
        _, height, _ = self.input_shape
        if resolution == height:
            return self
        if self.test.resolution is not None:
            raise InputError(f"{self.name}: already resized to {height}; resize the data set as it was loaded")
        resized_shape(self.input_shape, resolution)
        return dataclasses.replace(
            self,
            train=_resized_split(self.train, resolution),
            validation=_resized_split(self.validation, resolution),
            test=TestSource(self.test.read, resolution),
        )


def open_test(data: DataSet) -> Split:
    """Load the test split, normalised by the training split's statistics and at the data set's resolution.

    Only final reports call this, once, for networks that are fixed: a choice made by these samples makes the accuracy
    they report worthless.
    """
    raw = data.test.read()
    split = Split(data.normalisation.apply(raw.x), raw.y, raw.groups)
    return split if data.test.resolution is None else _resized_split(split, data.test.resolution)


def data_hash(data: DataSet) -> str:
    """SHA-256 (hex) of what a search sees: names of the classes, and samples, classes and groups of both splits.

    It changes with the files, the validation samples, the normalisation and the resolution; the test split is not read.
    """
    digest = hashlib.sha256(repr((data.name, data.classes, data.class_names)).encode())
    for split in (data.train, data.validation):
        for array, kind in ((split.x, "<f4"), (split.y, "<i8"), (split.groups, "<i8")):
            digest.update(repr(array.shape).encode())
            digest.update(np.ascontiguousarray(array, dtype=kind).data)
    return digest.hexdigest()


def _resized_split(split: Split, resolution: int) -> Split:
    return Split(resized(split.x, resolution), split.y, split.groups)
