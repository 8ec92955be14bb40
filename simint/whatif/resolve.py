"""What the names and files of a study stand for, loaded once, and a hash of each, so that a change is noticed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from simint.config import load_toml, struct_hash
from simint.errors import InputError
from simint.hardware.capacitor import Capacitor
from simint.hardware.converter import Converter
from simint.hardware.platform import Platform
from simint.hardware.presets import load_capacitor, load_part, load_platform, load_supply
from simint.hardware.regulator import Regulator
from simint.hardware.supply import Supply
from simint.network.network import Network
from simint.scenario import PolicyChoice
from simint.tiling.design import ExecutionDesign
from simint.whatif.parts import BEST, HELD, located
from simint.whatif.study import Study

Designs = tuple[ExecutionDesign, ...]

# Packages whose version may change a result in its last digits.
_VERSIONS = ("simint", "numpy", "numba")


@dataclass(frozen=True)
class Resolved:
    """The parts of a study by the words that name them; `designs` by file and network."""

    supplies: Mapping[str, Supply]
    platforms: Mapping[str, Platform]
    networks: Mapping[str, Network]
    policies: Mapping[str, PolicyChoice]
    capacitors: Mapping[str, Capacitor]
    converters: Mapping[str, Converter]
    regulators: Mapping[str, Regulator]
    designs: Mapping[tuple[str, str], Designs]
    traces: Mapping[str, str]


def resolve(study: Study) -> Resolved:
    """Load every part but the traces, which are only found; InputError naming the word, or the file and field."""
    from simint.network.catalogue import load_network

    base, folder = study.scenario, study.folder

    def place(word: str) -> str:
        return located(word, folder)

    # The base's supply and capacitor are needed in any case: they are what `hold` holds.
    supplies = dict.fromkeys((*_words(study, "supply"), *_word(base.supply)))
    parts = dict.fromkeys((*_words(study, "capacitor"), *_word(base.capacitor)))
    networks = {word: load_network(place(word)) for word in _words(study, "network", base.network)}
    return Resolved(
        supplies={word: load_supply(place(word)) for word in supplies},
        platforms={word: load_platform(place(word)) for word in _words(study, "platform", base.platform)},
        networks=networks,
        policies={word: _policy(place(word), base.policy) for word in _words(study, "policy")},
        capacitors={word: load_capacitor(place(word)) for word in parts},
        converters={word: load_part("converter", place(word)) for word in _words(study, "supply.converter")},
        regulators={word: load_part("regulator", place(word)) for word in _words(study, "supply.regulator")},
        designs=_designs(study, networks),
        traces={word: place(word) for word in _words(study, "trace", base.trace.name)},
    )


def input_hashes(study: Study, resolved: Resolved, trace_hashes: Mapping[str, str]) -> dict[str, str]:
    """Name and hash of everything a result depends on beside the description: parts, traces, versions."""
    found = {f"trace {word}": value for word, value in trace_hashes.items()}
    for kind, parts in (
        ("supply", resolved.supplies),
        ("platform", resolved.platforms),
        ("network", resolved.networks),
        ("policy", resolved.policies),
        ("capacitor", resolved.capacitors),
        ("converter", resolved.converters),
        ("regulator", resolved.regulators),
    ):
        found |= {f"{kind} {word}": struct_hash(part) for word, part in sorted(parts.items())}
    found |= {f"designs {file} of {network}": struct_hash(d) for (file, network), d in sorted(resolved.designs.items())}
    found |= {f"version of {name}": metadata.version(name) for name in _VERSIONS}
    return found


def changes(recorded: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """What differs between two sets of inputs, in words; empty where nothing does."""
    parts = []
    for name in dict.fromkeys((*recorded, *found)):
        before, now = recorded.get(name), found.get(name)
        if before == now:
            continue
        if before is None or now is None:
            parts.append(f"{name} is {'new' if before is None else 'gone'}")
        elif name.startswith("version of") or name == "engine":
            parts.append(f"{name} was {before} and is {now}")
        else:
            parts.append(f"{name} has changed")
    return parts


def _words(study: Study, name: str, base: Any = None) -> list[str]:
    """The words that a part goes by in a study: the values of its variation, else what the base scenario says."""
    for variation in study.variations:
        if variation.name == name:
            return [str(value) for value in variation.values] if variation.kind == "text" else _word(base)
    return _word(base)


def _word(base: Any) -> list[str]:
    return [base] if isinstance(base, str) else []


def _policy(word: str, base: PolicyChoice) -> PolicyChoice:
    """As replay has it: a file says all of it, the base's own policy keeps its options, another has its defaults."""
    if word.endswith(".toml"):
        return load_toml(Path(word), PolicyChoice)
    return base if word == base.name else PolicyChoice(name=word)


def _designs(study: Study, networks: Mapping[str, Network]) -> dict[tuple[str, str], Designs]:
    """Files of designs, for every network they belong to; a file that belongs to none is refused."""
    from simint.tiling.designs_file import read_designs

    base = study.scenario.network
    candidates = networks if isinstance(base, str) or networks else {"": base}
    found: dict[tuple[str, str], Designs] = {}
    for word in _words(study, "design"):
        if word in (BEST, HELD):
            continue
        refusals = []
        for name, network in candidates.items():
            try:
                found[word, name] = read_designs(Path(located(word, study.folder)), network)
            except InputError as error:
                refusals.append(error)
        if len(refusals) == len(candidates):
            raise refusals[0]
    return found


def designs_of(resolved: Resolved, word: str, network: str) -> Designs:
    """The designs of a file for a network; InputError where they belong to another."""
    if (word, network) not in resolved.designs:
        raise InputError(f"the designs of {word} do not belong to network {network!r}")
    return resolved.designs[word, network]
