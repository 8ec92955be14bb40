"""The table of generators and the one call that runs them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from simint.config import decode
from simint.errors import InputError
from simint.trace.power_trace import PowerTrace
from simint.trace.synthesis.indoor import OfficeLight, office_light
from simint.trace.synthesis.kinetic import WalkingShoe, walking_shoe
from simint.trace.synthesis.outdoor import OutdoorSolar, outdoor_solar
from simint.trace.synthesis.outdoor_cell import OutdoorCell, outdoor_cell
from simint.trace.synthesis.plain import (
    ConstantCurrent,
    ConstantPower,
    ConstantThevenin,
    SquareWave,
    constant_current,
    constant_power,
    constant_thevenin,
    square_wave,
)
from simint.trace.synthesis.radio import RadioOnOff, RadioWalkBy, radio_on_off, radio_walk_by
from simint.trace.synthesis.span import Span
from simint.trace.synthesis.thermal import WristThermal, wrist_thermal


@dataclass(frozen=True)
class Generator:
    """A model that makes traces.

    `parameters`: its struct (fields in SI units, text with units in files; the defaults are cited there). `sampled`:
    whether it needs a sampling interval; the others give exact edges. `make` may only draw from the generator of
    random numbers it is given.
    """

    name: str
    summary: str
    parameters: type[msgspec.Struct]
    make: Callable[[Any, Span, np.random.Generator], PowerTrace]
    sampled: bool


GENERATORS = (
    Generator("outdoor-solar", "small cell under the clear sky and passing clouds", OutdoorSolar, outdoor_solar, True),
    Generator("outdoor-cell", "the same sky on a cell's I(V) curves", OutdoorCell, outdoor_cell, True),
    Generator("office-light", "indoor cell on a desk: daylight, lamps, occupancy", OfficeLight, office_light, True),
    Generator("rf-walk-by", "RF receiver carried past a transmitter", RadioWalkBy, radio_walk_by, True),
    Generator("rf-on-off", "RF source in two states (Markov)", RadioOnOff, radio_on_off, False),
    Generator("walking-shoe", "shock harvester in a shoe: strides within bouts", WalkingShoe, walking_shoe, True),
    Generator("wrist-thermal", "thermoelectric generator on the wrist", WristThermal, wrist_thermal, True),
    Generator("constant-power", "constant power", ConstantPower, constant_power, False),
    Generator("constant-current", "constant current up to a voltage", ConstantCurrent, constant_current, False),
    Generator("constant-thevenin", "constant voltage behind a resistance", ConstantThevenin, constant_thevenin, False),
    Generator("square-wave", "two powers in turn", SquareWave, square_wave, False),
)


def find_generator(name: str) -> Generator:
    """The generator of that name; InputError lists the known ones."""
    for generator in GENERATORS:
        if generator.name == name:
            return generator
    known = ", ".join(generator.name for generator in GENERATORS)
    raise InputError(f"unknown generator {name!r}; known: {known}")


def synthesize(
    generator: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    duration_s: float,
    step_s: float | None = None,
    seed: int = 0,
) -> PowerTrace:
    """Make a trace; the same arguments give the same trace.

    `parameters`: values for the generator's struct, as in a TOML file (text with units allowed); what is left out
    takes its default. `step_s`: sampling interval, for the sampled generators and only for them.

    Raises InputError for an unknown generator or parameter, a value out of range, a negative seed, or a sampling
    interval where none belongs (or none where one does).
    """
    chosen = find_generator(generator)
    if seed < 0:
        raise InputError(f"`seed` must not be negative, got {seed}")
    if chosen.sampled and step_s is None:
        raise InputError(f"generator {generator!r} needs `sampling`, a time such as 10ms")
    if not chosen.sampled and step_s is not None:
        raise InputError(f"generator {generator!r} gives exact edges and takes no `sampling`")
    values = decode(parameters or {}, chosen.parameters, f"generator {generator!r}")
    trace = chosen.make(values, Span(duration_s, step_s), np.random.Generator(np.random.PCG64(seed)))
    given = ", ".join(f"{key}={value}" for key, value in (parameters or {}).items()) or "defaults"
    return dataclasses.replace(trace, provenance=f"synthesized by {generator} ({given}), seed {seed}")
