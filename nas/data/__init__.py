"""Data sets for search and training: train and validation split, normalised, and the test split behind a door."""

from nas.data.catalogue import load_data
from nas.data.data_set import DataSet, TestSource, data_hash, open_test
from nas.data.holdout import Holdout
from nas.data.normalisation import Normalisation, Statistics
from nas.data.split import Split

__all__ = [
    "DataSet",
    "Holdout",
    "Normalisation",
    "Split",
    "Statistics",
    "TestSource",
    "data_hash",
    "load_data",
    "open_test",
]
