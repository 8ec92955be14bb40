"""A study: a base scenario, what varies, and which points are asked for; as TOML text and back.

format = "simint-study/1"
sample = "lhs:200"          # grid (default), random:N, lhs:N
seed = 1
hold = "energy"             # or "volume"; nothing by default
design = "held"             # explored once for the base scenario; "best" (default): for every point
scenario = "node.toml"      # or its content as a table [scenario]

[vary]
capacitor = "100uF:10mF:log"
trace = ["rf/*.csv", "solar-day-clouds"]
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from simint.config import decode, read_toml
from simint.errors import InputError
from simint.scenario import Scenario, scenario_toml
from simint.whatif.frame import FORMAT
from simint.whatif.parts import BEST, HELD
from simint.whatif.variation import Value, Variation, make_variation


class Hold(enum.StrEnum):
    """What stays as in the base scenario while parts vary: the energy between the thresholds, or the volume."""

    ENERGY = "energy"
    VOLUME = "volume"


class Method(enum.StrEnum):
    """How points are chosen: all combinations, at random, or a Latin hypercube."""

    GRID = "grid"
    RANDOM = "random"
    LHS = "lhs"


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which points: `count` of them (a grid has all), drawn with `seed`."""

    method: Method = Method.GRID
    count: int = 0
    seed: int = 0

    def __str__(self) -> str:
        return self.method.value if self.method is Method.GRID else f"{self.method.value}:{self.count}"


@dataclass(frozen=True, slots=True)
class Study:
    """What is asked; `folder`: where relative paths start.

    `held`: designs are explored once, for the base scenario, where it names none; else for every point.
    Raises InputError for parts that contradict each other.
    """

    scenario: Scenario
    variations: tuple[Variation, ...]
    sampling: Sampling = Sampling()
    hold: Hold | None = None
    held: bool = False
    folder: Path = Path()

    def __post_init__(self) -> None:
        names = [variation.name for variation in self.variations]
        if not names:
            raise InputError("a study needs something that varies: --vary NAME=VALUES")
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"--vary {name}: is given twice; put all values into one list")
        if self.sampling.method is Method.GRID:
            for variation in self.variations:
                if not variation.values:
                    raise InputError(
                        f"--vary {variation.name}: say how many values {variation.range} has, for example "
                        f"{variation.range}:10, or draw them with --sample"
                    )
        if self.hold is Hold.ENERGY and {"capacitor", "parallel"} & set(names):
            raise InputError("--hold energy chooses the capacitance, so capacitor and parallel cannot vary beside it")
        if self.hold is Hold.VOLUME and "parallel" in names:
            raise InputError(
                "--hold volume chooses how many capacitors are parallel, so parallel cannot vary beside it"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The varied parameters in order."""
        return tuple(variation.name for variation in self.variations)


def points(study: Study) -> list[tuple[Value, ...]]:
    """The values of every point, in the order of `study.names`; the last parameter of a grid runs fastest."""
    sampling, size = study.sampling, len(study.variations)
    if sampling.method is Method.GRID:
        return list(itertools.product(*(variation.values for variation in study.variations)))
    if sampling.method is Method.RANDOM:
        shares = np.random.default_rng(sampling.seed).random((sampling.count, size))
    else:
        from scipy.stats import qmc

        shares = qmc.LatinHypercube(size, seed=np.random.default_rng(sampling.seed)).random(sampling.count)
    return [
        tuple(variation.at(float(share)) for variation, share in zip(study.variations, row, strict=True))
        for row in shares
    ]


def parse_sampling(text: str, seed: int = 0) -> Sampling:
    """`grid`, `random:N` or `lhs:N`; InputError for anything else."""
    method, _, count = text.partition(":")
    if method == Method.GRID and not count:
        return Sampling(Method.GRID, 0, seed)
    if method in (Method.RANDOM, Method.LHS) and count.isdigit() and int(count) > 0:
        if seed < 0:
            raise InputError(f"the seed of a sample must not be negative, got {seed}")
        return Sampling(Method(method), int(count), seed)
    raise InputError(f"--sample: {text!r} must be grid, random:N or lhs:N, for example lhs:200")


class _Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    scenario: Scenario
    vary: dict[str, Any]
    format: str = FORMAT
    sample: str = "grid"
    seed: int = 0
    hold: Hold | None = None
    design: str = BEST
    folder: str | None = None


def study_from_data(data: Mapping[str, Any], where: str, folder: Path) -> Study:
    """The study of plain TOML data; relative paths start in `folder` unless the data says where.

    Raises InputError naming `where` and the field.
    """
    data = dict(data)
    if isinstance(data.get("scenario"), str):
        data["scenario"] = read_toml(folder / data["scenario"])
    document = decode(data, _Document, where)
    if document.format != FORMAT:
        raise InputError(f"{where}: `format` must be {FORMAT!r}, got {document.format!r}")
    if document.design not in (BEST, HELD):
        raise InputError(f"{where}: `design` must be {BEST} or {HELD}, got {document.design!r}")
    folder = folder if document.folder is None else Path(document.folder)
    try:
        return Study(
            scenario=document.scenario,
            variations=tuple(make_variation(name, spec, folder) for name, spec in _flat(document.vary)),
            sampling=parse_sampling(document.sample, document.seed),
            hold=document.hold,
            held=document.design == HELD,
            folder=folder,
        )
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Names with dots, also where TOML reads `policy.guard = ...` as a table in a table."""
    for name, spec in table.items():
        if isinstance(spec, Mapping):
            yield from _flat(spec, f"{prefix}{name}.")
        elif isinstance(spec, (str, int, float)) or (spec and all(isinstance(s, (str, int, float)) for s in spec)):
            yield f"{prefix}{name}", spec
        else:
            raise InputError(f"`vary.{prefix}{name}` must be text, a number or a list of them")


def read_study(path: Path) -> Study:
    """The study of a TOML file; relative paths in it start beside it. InputError names file and field."""
    return study_from_data(read_toml(path), str(path), path.parent)


def read_description(text: str) -> Study:
    """The study that `description` wrote."""
    import tomllib

    return study_from_data(tomllib.loads(text), "description", Path())


def description(study: Study) -> str:
    """The study as TOML that `read_description` reads back: wild cards resolved, numbers SI and exact."""
    import tomllib

    import tomli_w

    document: dict[str, Any] = {
        "format": FORMAT,
        "sample": str(study.sampling),
        "seed": study.sampling.seed,
        **({} if study.hold is None else {"hold": study.hold.value}),
        "design": HELD if study.held else BEST,
        "folder": str(study.folder.resolve()),
        "vary": {variation.name: variation.spec for variation in study.variations},
        "scenario": tomllib.loads(scenario_toml(study.scenario)),
    }
    document["scenario"].pop("versions", None)  # of whoever wrote the scenario; the study records its own
    return tomli_w.dumps(document)
