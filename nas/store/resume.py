"""The file of a search found or begun; refused where what its evaluations depend on has changed since."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from nas.store.store import SearchStore, create_store, open_store
from simint.errors import InputError

# Packages whose version may change an evaluation in its last digits.
_ALWAYS = ("simint", "numpy", "numba")


def open_or_create(path: Path, description: str, inputs: Mapping[str, str]) -> SearchStore:
    """The file at `path` to go on with, or a new one; the caller holds `one_writer`.

    Raises InputError naming what differs where the file holds another search or its inputs have changed.
    """
    if not path.exists():
        return create_store(path, {"description": description}, inputs)
    store = open_store(path)
    try:
        _require_same(store, description, inputs)
    except BaseException as error:
        store.__exit__(type(error), error, error.__traceback__)
        raise
    return store


def versions(packages: tuple[str, ...] = ()) -> dict[str, str]:
    """Versions of the packages that evaluations depend on, as inputs."""
    return {f"version of {name}": metadata.version(name) for name in (*_ALWAYS, *packages)}


def _require_same(store: SearchStore, description: str, inputs: Mapping[str, str]) -> None:
    changed = _changes(store.inputs(), inputs)
    if changed:
        raise InputError(
            f"{store.path}: its evaluations do not hold any more: {_listed(changed)}; undo that, or give another folder"
        )
    differences = _differences(store.fact("description"), description)
    if differences:
        raise InputError(f"{store.path}: holds another search ({_listed(differences)}); give another folder")


def _changes(recorded: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """What differs between two sets of inputs, versions first."""
    parts = []
    names = dict.fromkeys((*recorded, *found))
    for name in sorted(names, key=lambda name: not name.startswith("version of")):
        before, now = recorded.get(name), found.get(name)
        if before == now:
            continue
        if before is None or now is None:
            parts.append(f"{name} is {'new' if before is None else 'gone'}")
        elif name.startswith("version of"):
            parts.append(f"{name} was {before} and is {now}")
        else:
            parts.append(f"{name} has changed")
    return parts


def _differences(recorded: str, asked: str) -> list[str]:
    before, now = (dict(_flat(msgspec.toml.decode(text))) for text in (recorded, asked))
    return [
        f"{key}: {_short(before.get(key))} there, {_short(now.get(key))} here"
        for key in dict.fromkeys((*before, *now))
        if before.get(key) != now.get(key)
    ]


def _flat(data: Mapping[str, Any], place: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in data.items():
        found += _flat(value, f"{place}{key}.") if isinstance(value, dict) else [(f"{place}{key}", value)]
    return found


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _listed(items: list[str]) -> str:
    rest = len(items) - 5
    return "; ".join(items[:5]) + (f"; and {rest} more" if rest > 0 else "")
