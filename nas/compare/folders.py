"""Folders of searches, of whatever method, opened for one comparison."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nas.compare.candidates import SearchFolder
from nas.compare.from_channels import read_channels_folder
from nas.compare.from_space import read_space_folder
from nas.compare.from_stochastic import read_stochastic_folder
from nas.search.config import SearchConfig
from nas.search.families import Family, family_of, method_of
from nas.search.folder import CONFIG
from simint.errors import InputError

_READERS = {
    Family.GENOMES: read_space_folder,
    Family.CHANNELS: read_channels_folder,
    Family.STOCHASTIC: read_stochastic_folder,
}


def open_folders(paths: Sequence[Path], most: int) -> list[SearchFolder]:
    """Read searches, at most `most` networks of each front.

    Raises InputError for a folder that holds none, for one given twice, and for searches on different data.
    """
    if len({path.resolve() for path in paths}) < len(paths):
        raise InputError(f"the same folder is given twice: {', '.join(map(str, paths))}")
    # By their configurations first, since to read a search may take a while.
    methods = [_method(path) for path in paths]
    folders = [
        _READERS[family_of(method)](path, label, most)
        for path, label, method in zip(paths, labels(paths), methods, strict=True)
    ]
    _require_same_data(folders)
    return folders


def labels(paths: Sequence[Path]) -> list[str]:
    """For each folder the shortest end of its path that no other one has."""
    parts = [path.resolve().parts for path in paths]

    def label(own: tuple[str, ...]) -> str:
        others = [other for other in parts if other != own]
        length = next(
            length for length in range(1, len(own) + 1) if all(other[-length:] != own[-length:] for other in others)
        )
        return Path(*own[-length:]).as_posix()

    return [label(own) for own in parts]


def _method(path: Path) -> str:
    if not (path / CONFIG).is_file():
        raise InputError(f"{path}: no search there ({CONFIG} is missing)")
    return method_of(path / CONFIG) or SearchConfig().method


def _require_same_data(folders: Sequence[SearchFolder]) -> None:
    first = folders[0]
    for other in folders[1:]:
        if other.data_set != first.data_set:
            raise InputError(
                f"{first.path} is of data set {first.data_set}, {other.path} of {other.data_set}; "
                "networks of one data set can be compared"
            )
    looked = [folder for folder in folders if folder.data_sha256]
    for other in looked[1:]:
        if other.data_sha256 != looked[0].data_sha256:
            raise InputError(
                f"{looked[0].path} and {other.path} cannot be compared: they differ in data set {other.data_set}, "
                "whose files or split are not the same"
            )
