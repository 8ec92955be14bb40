"""The data sets by name: where they lie, how they are split and normalised, and how to get them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

import nas.data.cifar10 as cifar10
import nas.data.digits as digits
import nas.data.har as har
import nas.data.keywords as keywords
from nas.data.data_set import DataSet, TestSource
from nas.data.holdout import Holdout, held_out
from nas.data.layout import Found, Layout, data_folder, find, not_found, source_record
from nas.data.normalisation import Normalisation, Statistics, measured, ranged
from nas.data.split import RawSplit, Split, class_counts, take
from simint.errors import InputError


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a data set before it is read.

    `value_range` is the lowest and highest raw value, for sets that can be normalised by `range`.
    """

    name: str
    about: str
    citation: str
    how_to_get: str
    class_names: tuple[str, ...]
    layouts: tuple[Layout, ...]
    holdout: Holdout
    statistics: Statistics
    value_range: tuple[float, float] | None = None
    warning: str = field(default="")


ENTRIES = (
    Entry(
        "digits",
        "handwritten digits, 8 x 8",
        "Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998",
        "it comes with scikit-learn (install simint[nas])",
        digits.CLASS_NAMES,
        digits.LAYOUTS,
        Holdout(share=0.2),
        "channel",
        (0.0, float(digits.DARKEST)),
        "the writers are not known, so training, validation and test share them",
    ),
    Entry(
        "har",
        "activities, 9 signals x 128 samples",
        "Anguita et al., A Public Domain Dataset for Human Activity Recognition Using Smartphones, ESANN 2013",
        'get "Human Activity Recognition Using Smartphones" from the UCI Machine Learning Repository and unpack it as '
        "the folder UCI HAR Dataset",
        har.CLASS_NAMES,
        har.LAYOUTS,
        Holdout(subjects=har.VALIDATION_SUBJECTS),
        "channel",
    ),
    Entry(
        "cifar10",
        "colour images, 32 x 32",
        "Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
        "get the Python version of CIFAR-10 from its author's page at the University of Toronto and unpack it as the "
        "folder cifar-10-batches-py",
        cifar10.CLASS_NAMES,
        cifar10.LAYOUTS,
        Holdout(share=cifar10.VALIDATION_SHARE),
        "range",
        (0.0, 255.0),
        "images of the .npz files went through JPEG: compare no accuracy with those published for CIFAR-10",
    ),
    Entry(
        "cifar10-lossless",
        "colour images, 32 x 32, 4,000 originals",
        "Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
        "it is cifar10_lossless_4000.npz, the first 4,000 images of data_batch_1",
        cifar10.CLASS_NAMES,
        cifar10.LOSSLESS_LAYOUTS,
        Holdout(share=cifar10.VALIDATION_SHARE),
        "range",
        (0.0, 255.0),
        "shares images with cifar10: never test on one a network trained on the other",
    ),
    Entry(
        "keywords",
        "spoken commands, MFCC 49 x 10",
        "Warden, Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition, 2018; features of MLPerf Tiny",
        "it is kws01_mfcc_int8.npz, the kws01 evaluation features of MLPerf Tiny (EEMBC energyrunner)",
        keywords.KEYWORDS,
        keywords.LAYOUTS,
        Holdout(share=0.2),
        "feature",
        None,
        "an evaluation set of 1,000 samples, few to train on; the speakers are not known, so the splits may share them",
    ),
    Entry(
        "spoken-digits",
        "spoken digits, MFCC 49 x 10, split by speaker",
        "Jackson et al., Free Spoken Digit Dataset (FSDD)",
        "it is fsdd_mfcc_f16.npz, MFCC of the recordings of the Free Spoken Digit Dataset",
        keywords.DIGITS,
        keywords.SPEAKER_LAYOUTS,
        Holdout(subjects=(keywords.VALIDATION_SPEAKER,)),
        "feature",
        None,
        "six speakers in all: one tests, one validates",
    ),
    Entry(
        "spoken-digits-authors",
        "spoken digits, MFCC 49 x 10, split by recording as its authors do",
        "Jackson et al., Free Spoken Digit Dataset (FSDD)",
        "it is fsdd_mfcc_f16.npz, MFCC of the recordings of the Free Spoken Digit Dataset",
        keywords.DIGITS,
        keywords.RECORDING_LAYOUTS,
        Holdout(share=0.1),
        "feature",
        None,
        "every speaker is in all three splits: says nothing about new speakers",
    ),
)


def entry(name: str) -> Entry:
    """The entry called `name`; InputError names all of them."""
    for known in ENTRIES:
        if known.name == name:
            return known
    raise InputError(f"data set: {', '.join(known.name for known in ENTRIES)}; got {name!r}")


def locate(name: str, folder: Path | None = None) -> Found | None:
    """Where a data set lies, or None; `folder` as in `load_data`."""
    return find(entry(name).layouts, data_folder(folder))


def load_data(
    name: str, folder: Path | None = None, validation: Holdout | None = None, statistics: Statistics | None = None
) -> DataSet:
    """Training and validation split of a data set, normalised; the test split stays closed.

    It is looked for in `folder`, else in the folder the environment variable SIMINT_DATA names, else in `shared/data`
    beside the project. `validation` says which training samples validate (the data set's own rule by default),
    `statistics` what normalisation is measured over (`nas.data.normalisation`). Same files and same words, same splits,
    on any machine. Raises InputError in one line.
    """
    known = entry(name)
    if folder is not None and not folder.is_dir():
        raise InputError(f"{folder}: not a folder")
    searched = data_folder(folder)
    found = find(known.layouts, searched)
    if found is None:
        raise not_found(name, known.layouts, searched, known.how_to_get)
    training = found.layout.read_training(found.place)
    stay, held = held_out(training, validation or known.holdout, f"{name}: validation")
    train, validating = take(training, stay), take(training, held)
    _check_classes(train, known, "training")
    _check_classes(validating, known, "validation")
    normalisation = _normalisation(train, known, statistics or known.statistics)
    return DataSet(
        name=name,
        classes=len(known.class_names),
        class_names=known.class_names,
        train=Split(normalisation.apply(train.x), train.y, train.groups),
        validation=Split(normalisation.apply(validating.x), validating.y, validating.groups),
        normalisation=normalisation,
        source=source_record(found),
        test=TestSource(partial(found.layout.read_test, found.place)),
    )


def _normalisation(train: RawSplit, known: Entry, statistics: Statistics) -> Normalisation:
    if statistics != "range":
        return measured(train.x, statistics)
    if known.value_range is None:
        raise InputError(f"{known.name}: its values have no fixed range; normalise by channel, feature or position")
    return ranged(*known.value_range)


def _check_classes(split: RawSplit, known: Entry, part: str) -> None:
    missing = np.flatnonzero(class_counts(split, len(known.class_names)) == 0)
    if len(missing):
        raise InputError(f"{known.name}: the {part} split has no sample of class {known.class_names[missing[0]]!r}")
