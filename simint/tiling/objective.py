"""What the explorer makes small."""

from __future__ import annotations

import enum


class Objective(enum.StrEnum):
    """`published`: end-to-end latency of the published model. The other two belong to the consistent mode.

    `energy`: active energy of an inference, preservation included, power failures not. `latency`: time of an inference
    when power never fails and nothing is preserved.
    """

    PUBLISHED = "published"
    ENERGY = "energy"
    LATENCY = "latency"
