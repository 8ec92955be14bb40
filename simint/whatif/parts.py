"""Names and files of whole parts: wild cards, and what each name stands for."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from simint.errors import InputError
from simint.naming import listing

# Words of a `design` that are no file: explored for each point, or once for the base scenario.
BEST, HELD = "best", "held"
_LISTED_BY = {"network": "simint network list", "trace": "simint trace list"}


def expanded(field: str, items: Sequence[str], folder: Path = Path()) -> tuple[str, ...]:
    """The names and files that `items` mean, wild cards resolved, in order; a wild card adds what is not there yet.

    `FILE.npz#*` stands for the arrays of a file; `folder` is where relative paths start. Raises InputError for a wild
    card that matches nothing and for a name given twice.
    """
    found: list[str] = []
    for item in items:
        if not glob.has_magic(item):
            if item in found:
                raise InputError(f"{item!r} is given twice")
            found.append(item)
            continue
        matches = _matches(field, item, folder)
        if not matches:
            names = listing(known_names(field), item, _LISTED_BY.get(field, ""))
            raise InputError(f"{item!r} matches no file and no known name; {names}")
        found += [match for match in matches if match not in found]
    return tuple(found)


def known_names(field: str) -> list[str]:
    """The shipped names of a part."""
    from simint.engine.policy import POLICY_NAMES
    from simint.hardware.platform import Platform
    from simint.hardware.presets import part_names, preset_names
    from simint.hardware.supply import Supply
    from simint.network.catalogue import network_presets
    from simint.trace.catalogue_entries import catalogue_names

    if field == "trace":
        return catalogue_names()
    if field == "network":
        return [preset.name for preset in network_presets()]
    if field == "policy":
        return list(POLICY_NAMES)
    if field == "design":
        return [BEST, HELD]
    if field in ("supply", "platform"):
        return preset_names(Supply) if field == "supply" else preset_names(Platform)
    return part_names(f"{field.rpartition('.')[2]}s")


def located(text: str, folder: Path) -> str:
    """A file of `folder` (`FILE#ARRAY` too) by its full path; anything else as it is, for example a known name."""
    if not ("." in text or "/" in text):
        return text
    if (folder / text).is_file():
        return str(folder / text)
    file, mark, selector = text.rpartition("#")
    return f"{folder / file}#{selector}" if mark and (folder / file).is_file() else text


def _matches(field: str, pattern: str, folder: Path) -> list[str]:
    if "/" not in pattern and "." not in pattern:
        names = [name for name in known_names(field) if fnmatchcase(name, pattern)]
        if names:
            return names
    file, mark, selector = pattern.rpartition("#")
    if field == "trace" and mark:
        return [
            f"{path}#{array}"
            for path in _files(file, folder)
            for array in _arrays(folder / path)
            if fnmatchcase(array, selector)
        ]
    return list(_files(pattern, folder))


def _files(pattern: str, folder: Path) -> Iterator[str]:
    """Files that match, in the order of their names, hidden ones left out."""
    for path in sorted(glob.glob(pattern, root_dir=folder)):
        if (folder / path).is_file():
            yield path


def _arrays(path: Path) -> list[str]:
    """Names of the arrays of an npz file, from its directory alone."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            return sorted(name.removesuffix(".npy") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: `#` selects an array of an npz file, and this is none ({error})") from None
