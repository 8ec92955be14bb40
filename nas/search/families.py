"""Methods by what they search, and which options of the command belong to which of them."""

from __future__ import annotations

import argparse
import enum
from pathlib import Path

from nas.search.config import METHODS
from simint.config import read_toml
from simint.errors import InputError

SC_NAS, DNAS = "sc-nas", "dnas"
ALL_METHODS = (*METHODS, SC_NAS, DNAS)
_USUAL = "pareto"


class Family(enum.StrEnum):
    """Genomes of a space, measured in any order; networks with stochastic hardware; channels of a seed network."""

    GENOMES = "genomes"
    STOCHASTIC = SC_NAS
    CHANNELS = DNAS


_ALL = frozenset(Family)
_SEARCHED = frozenset((Family.GENOMES, Family.STOCHASTIC))
_PRICED = frozenset((Family.GENOMES, Family.CHANNELS))
_TRAINED = frozenset((Family.STOCHASTIC, Family.CHANNELS))
# By the attribute of the parsed arguments; an option that is not here belongs to genomes alone.
_TAKEN_BY = (
    dict.fromkeys(("config", "method", "seed", "data", "data_folder", "epochs", "out", "print_config"), _ALL)
    | dict.fromkeys(("space", "evaluations", "workers", "cluster"), _SEARCHED)
    | dict.fromkeys(("objective", "platform", "capacitor", "source_resistance", "device"), _PRICED)
    | dict.fromkeys(("trace", "supply", "supply_as_is", "replay_platform", "policy", "duration", "finalists"), _PRICED)
    | dict.fromkeys(("test",), _TRAINED)
    | dict.fromkeys(("energy_max",), frozenset((Family.STOCHASTIC,)))
    | dict.fromkeys(("seed_net", "memory", "memory_of", "strength", "repeats"), frozenset((Family.CHANNELS,)))
)


def family_asked(arguments: argparse.Namespace) -> Family:
    """The family of the method that options or configuration name; InputError for options that are not its own."""
    family = family_of(arguments.method or _USUAL)
    if arguments.config is not None:
        written = method_of(Path(arguments.config))
        if written is not None and arguments.method is None:
            family = family_of(written)
        elif written is not None and family is not family_of(written):
            raise InputError(f"{arguments.config}: is of method {written}, --method {arguments.method} reads another")
    for name, value in vars(arguments).items():
        takers = _TAKEN_BY.get(name, frozenset((Family.GENOMES,)))
        if value is not None and value is not False and family not in takers:
            methods = [taker.value for taker in (Family.STOCHASTIC, Family.CHANNELS) if taker in takers]
            others = [*(["the methods over search spaces"] if Family.GENOMES in takers else []), *methods]
            own = family.value if family is not Family.GENOMES else arguments.method or _USUAL
            raise InputError(
                f"--{name.replace('_', '-')} is no option of method {own}, but of {' and '.join(others)}; see --help"
            )
    return family


def family_of(method: str) -> Family:
    """InputError names the methods there are."""
    if method not in ALL_METHODS:
        raise InputError(f"`method` must be one of {', '.join(ALL_METHODS)}, got {method!r}")
    return Family(method) if method in (SC_NAS, DNAS) else Family.GENOMES


def method_of(path: Path) -> str | None:
    """The method of a configuration, None where it names none; InputError where it cannot be read."""
    method = read_toml(path).get("method")
    if method is not None and not isinstance(method, str):
        raise InputError(f"{path}: `method` must be text")
    return method
