"""A scenario: everything a replay depends on, in one TOML file that reproduces it."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from simint.config import Farad, Ratio, Second, Volt, decode, read_toml
from simint.engine.application import Application
from simint.engine.engines import EngineChoice
from simint.engine.policy import RecoveryPolicy, policy_by_name
from simint.engine.workload import Workload
from simint.errors import InputError
from simint.hardware.capacitor import resized
from simint.hardware.platform import CostMode, Platform
from simint.hardware.presets import load_capacitor, load_platform, load_supply
from simint.hardware.supply import Supply
from simint.network.network import Network
from simint.tiling.design import ExecutionDesign
from simint.trace.power_trace import PowerTrace, TraceEnd, content_hash
from simint.trace.readers.options import ReadOptions

OBJECTIVES = ("energy", "latency", "published")
# The packages whose versions may change a result in its last digits.
_RECORDED = ("simint", "numpy", "numba", "simpy")


class TraceChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which power trace, and how it is used.

    `name`: of the catalogue, or a file. `read`: what a file leaves unsaid. `seed` regenerates a catalogue trace
    differently. `start`: offset into the trace at which the run starts. `crop_start`, `crop_stop`: keep a part. `scale`
    multiplies the power. `end`: what follows the last segment. `sha256`: of the trace's content before scaling and
    cropping; a replay refuses a file that has changed.
    """

    name: str
    read: ReadOptions = msgspec.field(default_factory=ReadOptions)
    seed: int | None = None
    start: Second = 0.0
    crop_start: Second = 0.0
    crop_stop: Second | None = None
    scale: Ratio = 1.0
    end: TraceEnd = TraceEnd.LOOP
    sha256: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start < math.inf:
            raise InputError(f"`start` must be a time from 0 on, got {self.start:g} s")
        if not 0 < self.scale < math.inf:
            raise InputError(f"`scale` must be positive and finite, got {self.scale:g}")


class PolicyChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Recovery policy by name, with its options: `guard` of `tile`, `period` of `timer`, the voltages of `jit`."""

    name: str = "tile"
    guard: bool = False
    period: Second | None = None
    v_checkpoint: Volt | None = None
    v_resume: Volt | None = None

    def __post_init__(self) -> None:
        self.policy()

    def policy(self) -> RecoveryPolicy:
        """The policy; InputError for an unknown name, or an option that it does not have."""
        return policy_by_name(self.name, self.guard, self.period, self.v_checkpoint, self.v_resume)


class DesignChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Execution designs: given one by one, or the best for `objective`.

    `margin`: share of the energy between v_on and v_off that a batch after a reboot may use.
    """

    objective: str | None = None
    margin: Ratio = 0.6
    layers: tuple[ExecutionDesign, ...] = ()

    def __post_init__(self) -> None:
        if self.objective is not None and self.objective not in OBJECTIVES:
            raise InputError(f"`objective` must be one of {', '.join(OBJECTIVES)}, got {self.objective!r}")
        if not 0 < self.margin <= 1:
            raise InputError(f"`margin` must lie in (0, 1], got {self.margin:g}")


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All inputs of one replay; see each part.

    `supply`, `platform`, `network` may be names or files; `pinned` puts their content in their place.
    `capacitor`: a part, by name or file, in place of the supply's; `capacitance`: another size, all else the same.
    `initial_voltage`: of the capacitor, `v_off` where absent. `duration`: one pass of the trace where absent and no
    number of inferences is given. `application`: peripheral tasks around the inference. `harvest_while_on`,
    `recharge_at_end`: switches for the comparison with the published model. `engine`: which engine runs it.
    """

    trace: TraceChoice
    supply: str | Supply = "boost"
    platform: str | Platform = "msp430fr5994"
    network: str | Network = "tinas-har-l25"
    capacitor: str | None = None
    capacitance: Farad | None = None
    v_on: Volt | None = None
    v_off: Volt | None = None
    design: DesignChoice = msgspec.field(default_factory=DesignChoice)
    policy: PolicyChoice = msgspec.field(default_factory=PolicyChoice)
    workload: Workload = msgspec.field(default_factory=Workload)
    application: Application = msgspec.field(default_factory=Application)
    duration: Second | None = None
    initial_voltage: Volt | None = None
    harvest_while_on: bool = True
    recharge_at_end: bool = False
    engine: EngineChoice = EngineChoice.AUTO
    versions: dict[str, str] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.duration is not None and not 0 < self.duration < math.inf:
            raise InputError(f"`duration` must be positive and finite, got {self.duration:g} s")
        if self.initial_voltage is not None and not 0 <= self.initial_voltage < math.inf:
            raise InputError(f"`initial_voltage` must not be negative, got {self.initial_voltage:g} V")


@dataclasses.dataclass(frozen=True, slots=True)
class Parts:
    """The nouns a scenario names, loaded and checked; `recorded` is the trace before cropping and scaling."""

    recorded: PowerTrace
    trace: PowerTrace
    supply: Supply
    platform: Platform
    network: Network


def load_parts(scenario: Scenario) -> Parts:
    """Load what the scenario names, with its overrides applied.

    Raises InputError naming the file and field, or where the trace's content is not the recorded one.
    """
    from simint.network.catalogue import load_network
    from simint.trace.load import load_trace

    choice = scenario.trace
    recorded = load_trace(choice.name, choice.read, choice.seed)
    if choice.sha256 is not None and content_hash(recorded) != choice.sha256:
        raise InputError(f"trace {choice.name!r} has changed since the scenario was written (sha256 differs)")
    supply = load_supply(scenario.supply) if isinstance(scenario.supply, str) else scenario.supply
    platform = load_platform(scenario.platform) if isinstance(scenario.platform, str) else scenario.platform
    network = load_network(scenario.network) if isinstance(scenario.network, str) else scenario.network
    return Parts(recorded, shaped_trace(recorded, choice), _overridden(supply, scenario), platform, network)


def shaped_trace(recorded: PowerTrace, choice: TraceChoice) -> PowerTrace:
    """A recording as it is used: cropped, scaled, and with its end."""
    trace = recorded
    if choice.crop_start > 0 or choice.crop_stop is not None:
        trace = trace.crop(choice.crop_start, choice.crop_stop)
    if choice.scale != 1.0:
        trace = trace.scaled(choice.scale)
    return trace.with_end(choice.end)


def _overridden(supply: Supply, scenario: Scenario) -> Supply:
    changes: dict[str, Any] = {}
    capacitor = supply.capacitor if scenario.capacitor is None else load_capacitor(scenario.capacitor)
    if scenario.capacitance is not None:
        capacitor = resized(capacitor, scenario.capacitance)
    if capacitor is not supply.capacitor:
        changes["capacitor"] = capacitor
    if scenario.v_on is not None:
        changes["v_on"] = scenario.v_on
    if scenario.v_off is not None:
        changes["v_off"] = scenario.v_off
    return msgspec.structs.replace(supply, **changes) if changes else supply


def objective_of(scenario: Scenario, platform: Platform) -> str:
    """The objective of the exploration: the scenario's, or what fits the platform's cost mode."""
    if scenario.design.objective is not None:
        return scenario.design.objective
    return "published" if platform.mode is CostMode.PUBLISHED else "energy"


def pinned(scenario: Scenario, parts: Parts, designs: tuple[ExecutionDesign, ...]) -> Scenario:
    """The scenario with names replaced by what they stood for, so that it reproduces the run anywhere.

    The trace stays a name or a file: its content is fixed by its hash.
    """
    choice = scenario.trace
    sha256 = choice.sha256 or content_hash(parts.recorded)
    design = msgspec.structs.replace(scenario.design, layers=designs)
    if not scenario.design.layers:
        design = msgspec.structs.replace(design, objective=objective_of(scenario, parts.platform))
    word = scenario.network if isinstance(scenario.network, str) and not scenario.network.endswith(".json") else None
    return msgspec.structs.replace(
        scenario,
        trace=msgspec.structs.replace(choice, sha256=sha256, name=_absolute(choice.name)),
        supply=parts.supply,
        capacitor=None,
        capacitance=None,
        v_on=None,
        v_off=None,
        platform=parts.platform,
        network=word or parts.network,
        design=design,
        versions={"python": sys.version.split()[0], **{name: metadata.version(name) for name in _RECORDED}},
    )


def _absolute(name: str) -> str:
    """A file stays findable from another folder; `file#array` keeps its selector."""
    file, mark, selector = name.partition("#")
    return f"{Path(file).resolve()}{mark}{selector}" if Path(file).is_file() else name


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file; InputError names the file and field."""
    return decode(read_toml(path), Scenario, str(path))


def scenario_toml(scenario: Scenario) -> str:
    """The scenario as TOML; absent options are left out, numbers are SI and exact."""
    import tomli_w

    return tomli_w.dumps(_without_none(msgspec.to_builtins(scenario)))


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_without_none(item) for item in value]
    return value
