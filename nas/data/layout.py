"""Forms in which a data set lies on a disk, where they are looked for, and the record of what was read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nas.data.split import RawSplit
from simint.errors import InputError

ENVIRONMENT = "SIMINT_DATA"


@dataclass(frozen=True, slots=True)
class Layout:
    """One form of a data set: its `files` in a place, and its readers, which take that place.

    `label` names it in records, `sought` says to a person what to look for.
    `places` are relative to the folder that is searched. The first file tells whether the form is there at all; a form
    without files comes with a package (`label`) and is always there.
    """

    label: str
    sought: str
    places: tuple[str, ...]
    files: tuple[str, ...]
    read_training: Callable[[Path], RawSplit]
    read_test: Callable[[Path], RawSplit]


@dataclass(frozen=True, slots=True)
class Found:
    """A layout and the place where it lies."""

    layout: Layout
    place: Path


def data_folder(folder: Path | None) -> Path | None:
    """The folder to search: the one given, else that of SIMINT_DATA, else shared/data beside the project if there."""
    if folder is not None:
        return folder
    if named := os.environ.get(ENVIRONMENT):
        return Path(named)
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    return beside if beside.is_dir() else None


def find(layouts: tuple[Layout, ...], folder: Path | None) -> Found | None:
    """The first layout that lies in `folder`, in the order of `layouts` and of their places."""
    for layout in layouts:
        if not layout.files:
            return Found(layout, Path())
        if folder is None:
            continue
        for place in layout.places:
            if (folder / place / layout.files[0]).exists():
                return Found(layout, folder / place)
    return None


def not_found(name: str, layouts: tuple[Layout, ...], folder: Path | None, how: str) -> InputError:
    """The error of a data set that is not there: where it was looked for, and how to get it."""
    if folder is None:
        where = f"no folder was given, {ENVIRONMENT} is not set and there is no shared/data beside the project"
    else:
        sought = " or ".join(layout.sought for layout in layouts)
        inside = {Path(place).parts[0] for layout in layouts for place in layout.places if place != "."}
        others = " or ".join(sorted(name for name in inside if f"the folder {name}" not in sought))
        where = f"looked in {folder} and its folder {others} for {sought}"
    return InputError(f"data set {name} not found: {where}; {how}; name its folder with --data-folder or {ENVIRONMENT}")


def source_record(found: Found) -> str:
    """Layout, files and their common SHA-256 (hex), without the place, which says nothing on another machine."""
    layout = found.layout
    if not layout.files:
        return layout.label
    digest = hashlib.sha256()
    for name in layout.files:
        path = found.place / name
        try:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    files = ", ".join(layout.files) if len(layout.files) <= 3 else f"{len(layout.files)} files"
    return f"{layout.label}: {files}; sha256 {digest.hexdigest()}"
