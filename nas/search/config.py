"""What a search is, in one TOML file that reproduces it."""

from __future__ import annotations

import enum
import math

import msgspec

from nas.problem.objectives import objective
from simint.config import Farad, Ohm, Second
from simint.errors import InputError
from simint.scenario import PolicyChoice, TraceChoice

METHODS = ("pareto", "random", "local", "tinas", "tinas-m", "tinas-u", "tinas-g1", "tinas-g2", "inas", "hw-nas")
OWN_METHODS = ("pareto", "random", "local")  # what they find is a front
# Radio, motion and light, all from the catalogue; of the office's day the hour in which the light comes on.
DEFAULT_TRACES = (
    TraceChoice(name="rf-walk-by"),
    TraceChoice(name="kinetic-walk"),
    TraceChoice(name="office-light", crop_start=9 * 3600.0, crop_stop=10 * 3600.0),
)


class AccuracyBy(enum.StrEnum):
    """Where a candidate's accuracy comes from: its path in a supernet, or a training of its own.

    `auto`: a supernet where the space has one. `none`: it is not asked.
    """

    AUTO = "auto"
    NONE = "none"
    SUPERNET = "supernet"
    TRAIN = "train"


class SupernetKind(enum.StrEnum):
    """`trusted`: entangled weights, batch statistics of each path's own. `published`: single-path, as TiNAS's."""

    TRUSTED = "trusted"
    PUBLISHED = "published"


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Requirements; nothing is asked where a field is absent. `imo` in percent, memory in bytes."""

    latency: Second | None = None
    imo: float | None = None
    weight_bytes: float | None = None
    feature_bytes: float | None = None
    nvm_bytes: float | None = None

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise InputError(f"`limits.{name}` must be positive and finite, got {value:g}")
        if self.imo is not None and self.imo >= 100:
            raise InputError(f"`limits.imo` is a share in percent, below 100, got {self.imo:g}")


class AccuracyChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How accuracy is found; `epochs` of the supernet, or of each training."""

    by: AccuracyBy = AccuracyBy.AUTO
    supernet: SupernetKind = SupernetKind.TRUSTED
    epochs: int | None = None

    def __post_init__(self) -> None:
        if self.epochs is not None and self.epochs < 1:
            raise InputError(f"`accuracy.epochs` must be at least 1, got {self.epochs}")


class ReplayChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Replays that candidates, or at the end the front, are judged by.

    `supply` is a preset or file; its capacitor and thresholds become those of the cost model unless `as_is`.
    `duration`: of each replay; the trace once, at least ten minutes, where absent.
    """

    traces: tuple[TraceChoice, ...] = DEFAULT_TRACES
    supply: str = "boost"
    as_is: bool = False
    platform: str = "msp430fr5994"
    policy: PolicyChoice = PolicyChoice()
    duration: Second | None = None

    def __post_init__(self) -> None:
        if not self.traces:
            raise InputError("`replay.traces`: at least one trace expected")
        if self.duration is not None and not 0 < self.duration < math.inf:
            raise InputError(f"`replay.duration` must be positive and finite, got {self.duration:g} s")


class SearchConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that the result of a search depends on, files aside.

    `space`: a name or TOML file; `data`: a data set, by default the space's; `data_folder`: where it lies.
    `evaluations` and `population` are those of the method where absent. `finalists`: so many of the front are replayed
    at the end, by SimPy too. `capacitance`, `resistance`, `platform`: in place of the space's target. `as_published`:
    TiNAS, iNAS and its baseline search with the defects of their artefacts (`Quirks` of nas.methods.tinas and inas).
    """

    method: str = "pareto"
    space: str = "digits"
    data: str | None = None
    data_folder: str | None = None
    objectives: tuple[str, ...] = ("accuracy", "latency", "imo")
    limits: Limits = Limits()
    platform: str | None = None
    capacitance: Farad | None = None
    resistance: Ohm | None = None
    accuracy: AccuracyChoice = AccuracyChoice()
    replay: ReplayChoice = ReplayChoice()
    evaluations: int | None = None
    population: int | None = None
    finalists: int = 12
    seed: int = 0
    as_published: bool = False

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise InputError(f"`method` must be one of {', '.join(METHODS)}, got {self.method!r}")
        if not self.objectives:
            raise InputError("`objectives`: at least one name expected")
        if len(set(self.objectives)) != len(self.objectives):
            raise InputError(f"`objectives`: different names expected, got {list(self.objectives)}")
        for name in self.objectives:
            objective(name)
        if self.as_published and self.method in OWN_METHODS:
            raise InputError(f"`as_published`: {self.method} was not published with defects; leave it out")
        for field, least in (("evaluations", 1), ("population", 2), ("finalists", 0), ("seed", 0)):
            value = getattr(self, field)
            if value is not None and value < least:
                raise InputError(f"`{field}` must be at least {least}, got {value}")

    @property
    def wants_accuracy(self) -> bool:
        """Whether accuracy is measured at all: it is asked for, by the objectives or the method's own score."""
        asked = "accuracy" in self.objectives or self.method not in OWN_METHODS
        return asked and self.accuracy.by is not AccuracyBy.NONE

    @property
    def wants_replay(self) -> bool:
        """Whether every candidate is replayed."""
        return any(objective(name).measured and name != "accuracy" for name in self.objectives)
