"""Files that appear complete or not at all, and JSON documents that say what they are."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from simint.errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A draft beside `path`, with its suffix; it takes the place of `path` when the block ends well, else it is gone.

    Raises InputError where the disk refuses.
    """
    draft = path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}")
    try:
        yield draft
        os.replace(draft, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        draft.unlink(missing_ok=True)


def read_document(path: Path, form: str, kind: str) -> dict[str, Any]:
    """The data of a JSON file whose `format` is `form`; InputError in one line for anything that is not a `kind`."""
    try:
        data = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not valid JSON: {error}") from None
    if not isinstance(data, dict) or data.get("format") != form:
        raise InputError(f'{path}: not a {kind}, it must be a JSON object with "format": "{form}"')
    return data


def require_writable(folder: Path) -> None:
    """InputError where a folder cannot be made or written, to know it before long work; makes nothing."""
    there = folder
    while not os.path.lexists(there) and there.parent != there:
        there = there.parent
    reason = (
        os.strerror(errno.ENOTDIR)
        if not there.is_dir()
        else os.strerror(errno.EACCES)
        if not os.access(there, os.W_OK | os.X_OK)
        else ""
    )
    if reason:
        raise InputError(f"{folder}: cannot be written ({reason})")


def make_folder(folder: Path) -> None:
    """Make a folder where it is missing; InputError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror or error})") from None


@contextmanager
def appearing_in(folder: Path) -> Iterator[Path]:
    """A fresh folder to write files into; when the block ends well, they move to `folder`, each in one step.

    It lies inside `folder`, so a move never crosses file systems. When the block fails nothing of `folder` changes.
    Raises InputError where the disk refuses.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder) as place:
            yield Path(place)
            for file in sorted(Path(place).iterdir()):
                os.replace(file, folder / file.name)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror or error})") from None
