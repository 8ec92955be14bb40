"""The configuration of a search as TOML text and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from nas.search.config import SearchConfig
from simint.config import decode, read_toml


def config_toml(config: msgspec.Struct) -> str:
    """All fields that are set, SI numbers, exact."""
    import tomli_w

    return tomli_w.dumps(_without_none(msgspec.to_builtins(config)))


def read_config(path: Path) -> SearchConfig:
    """Read a configuration; InputError names the file and field."""
    return decode(read_toml(path), SearchConfig, str(path))


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_without_none(item) for item in value]
    return value
