"""A recorded current as a source: it flows up to the compliance voltage, which no recording of a current alone says."""

from __future__ import annotations

from simint.errors import InputError
from simint.trace.source import CurrentSource, FloatArray, SourceKind


def source_from_current(current_a: FloatArray, kind: SourceKind | None, compliance_v: float | None) -> CurrentSource:
    """A current source from currents (n,) in ampere.

    The compliance voltage has no default: together with the current it decides the power.

    Raises InputError where it is missing, and where the current shall become something else.
    """
    if kind not in (None, SourceKind.CURRENT):
        raise InputError(f"`as_source`: a column of current without a voltage gives current, not {kind}")
    if compliance_v is None:
        raise InputError("a current becomes a source only with `compliance_v`, the voltage up to which it flows")
    return CurrentSource(current_a, compliance_v)


def describe_current(compliance_v: float) -> str:
    """The assumption in words, for the provenance."""
    return f"current source up to {compliance_v:g} V at its terminals"
