"""Files that appear complete or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simint.errors import InputError


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
