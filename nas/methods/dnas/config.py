"""What a differentiable channel search is asked: a seed network, data, a memory limit, and a second cost."""

from __future__ import annotations

import enum
import math

import msgspec

from nas.methods.dnas.settings import DnasSettings
from nas.space.target import Target
from simint.errors import InputError
from simint.units import parse_quantity


class Memory(enum.StrEnum):
    """What is limited.

    `nvm`: weights, biases, live feature maps and progress record. `weights`: those of convolutions and fully connected
    layers alone, without biases, as in the published ladders.
    """

    NVM = "nvm"
    WEIGHTS = "weights"


class Objective(enum.StrEnum):
    """The second cost. `energy`, `latency` (end to end), `imo`, `power-cycles`: of the intermittent tables."""

    ENERGY = "energy"
    LATENCY = "latency"
    IMO = "imo"
    POWER_CYCLES = "power-cycles"
    MACS = "macs"


class DnasConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One point of a search.

    `seed_net`: a word, preset or .json of `simint.network.catalogue.load_network`; the upper bound of every layer's
    channels. `memory`: a share of the seed's (`50%`) or bytes (`64kB`). `strength`: of the second cost, as to the task:
    at 1 the seed's second cost weighs as much as its cross-entropy on validation data; 0 for none.
    """

    seed_net: str
    data: str
    data_folder: str | None = None
    memory: str = "50%"
    memory_of: Memory = Memory.NVM
    objective: Objective = Objective.ENERGY
    strength: float = 0.1
    target: Target = msgspec.field(default_factory=lambda: Target(platform="msp430fr5994"))
    settings: DnasSettings = msgspec.field(default_factory=DnasSettings)
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.strength < math.inf:
            raise InputError(f"`strength` must be at least 0 and finite, got {self.strength:g}")
        if not 0 <= self.seed < 2**63:
            raise InputError(f"`seed` must be between 0 and 2^63 - 1, got {self.seed}")
        memory_limit(self.memory, 1.0)


def memory_limit(memory: str, seed_bytes: float) -> float:
    """Bytes of a limit such as `50%` (of the seed's) or `64kB`; InputError for anything else."""
    text = memory.strip()
    if text.endswith("%"):
        share = parse_quantity(text, "", "memory")
        if not 0 < share <= 1:
            raise InputError(f"memory: above 0 % and up to 100 % of the seed expected, got {memory}")
        return share * seed_bytes
    limit = parse_quantity(text, "B", "memory")
    if not limit > 0:
        raise InputError(f"memory: above 0 bytes expected, got {memory}")
    return limit


def point_name(config: DnasConfig) -> str:
    """A folder name that no other point of a sweep has."""
    memory = config.memory.strip().replace("%", "pct").replace("/", "")
    return f"{config.memory_of}-{memory}_{config.objective}-{config.strength:g}_seed-{config.seed}"
