"""Traces without chance: constant power, constant current, a constant Thevenin source, a square wave."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from simint.config import Ampere, Ohm, Second, Volt, Watt
from simint.errors import InputError
from simint.trace.power_trace import CurrentSource, PowerSource, PowerTrace, TheveninSource
from simint.trace.synthesis.span import Span, require_positive, require_range


class ConstantPower(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same power all the time."""

    power: Watt = 1e-3

    def __post_init__(self) -> None:
        require_range(self, 0, math.inf, "power")


class ConstantCurrent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same current all the time, up to the compliance voltage; the defaults offer at most 1 mW, as `ConstantPower`.

    A bench supply in current limit, or a recorded harvester played back by a source-measure unit, is such a source.
    """

    current: Ampere = 250e-6
    compliance: Volt = 4.0

    def __post_init__(self) -> None:
        require_range(self, 0, math.inf, "current")
        require_positive(self, "compliance")


class ConstantThevenin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same open-circuit voltage behind the same resistance all the time.

    Defaults: the bench of TiNAS (doi:10.1109/TCAD.2025.3555963), 5.892 V behind 2800 ohm.
    """

    voltage: Volt = 5.892
    resistance: Ohm = 2800.0

    def __post_init__(self) -> None:
        require_range(self, 0, math.inf, "voltage")
        require_positive(self, "resistance")


class SquareWave(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Power that alternates between `high` (the first `duty` of each period) and `low`."""

    high: Watt = 5e-3
    low: Watt = 0.0
    period: Second = 10.0
    duty: float = 0.5

    def __post_init__(self) -> None:
        require_range(self, 0, math.inf, "high", "low")
        require_positive(self, "period")
        if not 0 < self.duty < 1:
            raise InputError(f"`duty` must lie between 0 and 1 (neither allowed), got {self.duty:g}")


def constant_power(parameters: ConstantPower, span: Span, rng: np.random.Generator) -> PowerTrace:
    """One segment of constant power."""
    return PowerTrace("constant-power", PowerSource(np.array([parameters.power])), step_s=span.duration_s)


def constant_current(parameters: ConstantCurrent, span: Span, rng: np.random.Generator) -> PowerTrace:
    """One segment of a constant current."""
    source = CurrentSource(np.array([parameters.current]), parameters.compliance)
    return PowerTrace("constant-current", source, step_s=span.duration_s)


def constant_thevenin(parameters: ConstantThevenin, span: Span, rng: np.random.Generator) -> PowerTrace:
    """One segment of a constant Thevenin source."""
    source = TheveninSource(np.array([parameters.voltage]), parameters.resistance)
    return PowerTrace("constant-thevenin", source, step_s=span.duration_s)


def square_wave(parameters: SquareWave, span: Span, rng: np.random.Generator) -> PowerTrace:
    """High and low in turn with exact edges; the last period may be cut by the end."""
    periods = math.ceil(span.duration_s / parameters.period)
    rises = np.arange(periods) * parameters.period
    edges = np.column_stack((rises, rises + parameters.duty * parameters.period)).reshape(-1)
    edges = np.append(edges[edges < span.duration_s], span.duration_s)
    power = np.where(np.arange(edges.size - 1) % 2 == 0, parameters.high, parameters.low)
    return PowerTrace("square-wave", PowerSource(power), edges_s=edges)
