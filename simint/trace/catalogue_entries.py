"""The catalogue: named traces, each one cited TOML file that says how it is made and what comes out."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import msgspec

import simint
from simint.config import Second, Watt, load_toml
from simint.errors import InputError
from simint.trace.power_trace import PowerTrace, SourceKind
from simint.units import parse_quantity

# What `sampling` says where a generator gives exact edges instead of samples.
EXACT_EDGES = "exact edges"


class CatalogueEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One trace of the catalogue.

    `sampling` is a time or "exact edges". `kind`, `duration`, `sampling` and `mean_power` (of the maximum power) also
    describe the result; the tests hold them against the trace that is made. `source` cites the parameters.
    """

    name: str
    description: str
    source: str
    kind: SourceKind
    generator: str
    seed: int
    duration: Second
    sampling: str
    mean_power: Watt
    parameters: dict[str, Any] = {}

    def __post_init__(self) -> None:
        if self.sampling != EXACT_EDGES:
            parse_quantity(self.sampling, "s", "`sampling`")

    @property
    def step_s(self) -> float | None:
        """Sampling interval, seconds; None for exact edges."""
        return None if self.sampling == EXACT_EDGES else parse_quantity(self.sampling, "s", "`sampling`")


def catalogue_folder() -> Path:
    """Where the TOML files lie: inside the installed package, or `traces/` of a source checkout."""
    package = Path(__file__).resolve().parent / "catalogue"
    if package.is_dir():
        return package
    return Path(simint.__file__).resolve().parents[1] / "traces"


def catalogue_names() -> list[str]:
    """Names of all traces, sorted."""
    return sorted(path.stem for path in catalogue_folder().glob("*.toml"))


def load_entry(name: str) -> CatalogueEntry:
    """The entry of that name; InputError lists the known names."""
    names = catalogue_names()
    if name not in names:
        raise InputError(f"unknown trace {name!r}; known: {', '.join(names)}")
    entry = load_toml(catalogue_folder() / f"{name}.toml", CatalogueEntry)
    if entry.name != name:
        raise InputError(f"{name}.toml: `name` is {entry.name!r}, it must be the file's name")
    return entry


def load_catalogue_trace(name: str, seed: int | None = None) -> PowerTrace:
    """Make the trace of that name; the same bits every time with one version of numpy.

    `seed` draws another trace of the same model than the catalogue's own. Raises InputError for an unknown name and
    for a negative seed.
    """
    from simint.trace.synthesis.generators import synthesize

    entry = load_entry(name)
    trace = synthesize(
        entry.generator,
        entry.parameters,
        duration_s=entry.duration,
        step_s=entry.step_s,
        seed=entry.seed if seed is None else seed,
    )
    return dataclasses.replace(trace, name=name, provenance=f"catalogue trace {name}: {trace.provenance}")
