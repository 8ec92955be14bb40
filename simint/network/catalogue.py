"""Where networks come from: a published one by name, a word of a family, or a file."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import msgspec

from simint.config import decode, read_toml
from simint.errors import InputError
from simint.naming import listing
from simint.network.families import network_from_word
from simint.network.json_file import read_network
from simint.network.network import Network

LISTED_BY = "simint network list"
_FAMILY_WORDS = "mbconv:har:w=1.0:r=64:1.7.3.y-4.5.2.y-6.3.1.y, plain:har:3x8-7x8-3x16 or mlperf:resnet8"


class NetworkPreset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A published network: the word that builds it and where it was published."""

    name: str
    word: str
    source: str


def network_presets() -> list[NetworkPreset]:
    """The shipped networks, in the order of their file."""
    with resources.as_file(resources.files("simint.network") / "presets.toml") as path:
        entries = read_toml(path)
    return [decode({"name": name, **entry}, NetworkPreset, f"preset {name}") for name, entry in entries.items()]


def load_network(spec: str) -> Network:
    """A network by preset name (`tinas-har-l25`), by word (`plain:har:3x8-7x8-3x16`) or by path (ends in `.json`).

    Raises InputError in one line that says what is allowed.
    """
    if spec.endswith(".json"):
        return read_network(Path(spec))
    if ":" in spec:
        return network_from_word(spec)
    presets = network_presets()
    for preset in presets:
        if preset.name == spec:
            network = network_from_word(preset.word)
            return Network(name=preset.name, layers=network.layers, notes=f"{preset.word}; {preset.source}")
    names = listing([preset.name for preset in presets], spec, LISTED_BY)
    raise InputError(f"unknown network {spec!r}; {names}; or a word such as {_FAMILY_WORDS}; or a .json file")
