"""What a training says whose loss is no number any more."""

from __future__ import annotations

from simint.errors import InputError


class DivergedError(InputError):
    """The settings made a training diverge: the message says in which epoch, and what to lower."""
