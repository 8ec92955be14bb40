"""The two engines by name."""

from __future__ import annotations

import enum


class Engine(enum.StrEnum):
    """Which engine made a run: the SimPy processes, which are the reference, or the compiled loop."""

    EVENT = "event"
    COMPILED = "compiled"


class EngineChoice(enum.StrEnum):
    """`auto`: the compiled engine where it applies, else the event engine; or the one that is named."""

    AUTO = "auto"
    COMPILED = "compiled"
    EVENT = "event"
