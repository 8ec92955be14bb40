"""The replays of a search: scenarios with everything named in them loaded and pinned, and a hash of each trace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nas.search.config import ReplayChoice
from simint.config import struct_hash
from simint.errors import InputError
from simint.scenario import Scenario, TraceChoice

if TYPE_CHECKING:
    from simint.tiling.published.electrical import ElectricalSettings

SHORTEST_S = 600.0  # chosen: recordings of half a minute loop until something of a rhythm shows


@dataclass(frozen=True, slots=True)
class Replays:
    """One scenario for each trace, and name and hash of what they stand for."""

    scenarios: tuple[Scenario, ...]
    inputs: dict[str, str]


def load_replays(choice: ReplayChoice, settings: ElectricalSettings) -> Replays:
    """The scenarios of a search priced for `settings`; InputError naming the file and field, before anything is run."""
    from nas.fitness.scenarios import replay_scenario, replay_supply, replays_recordings
    from simint.hardware.presets import load_platform, load_supply
    from simint.scenario import shaped_trace
    from simint.trace.load import load_trace
    from simint.trace.power_trace import content_hash

    platform = load_platform(choice.platform)
    if not replays_recordings(platform):
        raise InputError(
            f"replay.platform {choice.platform!r} is in published mode, whose designs need a constant Thevenin source; "
            "replay on one in consistent mode such as msp430fr5994"
        )
    supply = load_supply(choice.supply) if choice.as_is else replay_supply(settings, choice.supply)
    inputs = {"replay supply": struct_hash(supply), "replay platform": struct_hash(platform)}
    scenarios = []
    for trace in choice.traces:
        recorded = load_trace(trace.name, trace.read, trace.seed)
        sha256 = content_hash(recorded)
        if trace.sha256 is not None and trace.sha256 != sha256:
            raise InputError(f"trace {trace.name!r} has changed since the search was written (sha256 differs)")
        inputs[f"trace {trace.name}"] = sha256
        base = replay_scenario(supply, msgspec.structs.replace(trace, sha256=sha256), platform)
        whole = shaped_trace(recorded, trace).duration_s
        duration = max(whole, SHORTEST_S) if choice.duration is None else choice.duration
        scenarios.append(msgspec.structs.replace(base, policy=choice.policy, duration=duration))
    return Replays(tuple(scenarios), inputs)


def trace_word(trace: TraceChoice) -> str:
    """A trace as `read_trace_word` takes it, in SI units: name, and what is not as usual but its hash."""

    def changed(own: msgspec.Struct, usual: msgspec.Struct) -> Iterator[str]:
        for name in own.__struct_fields__:
            value = getattr(own, name)
            if name not in ("name", "read", "sha256") and value != getattr(usual, name):
                yield f"{name}={str(value).removesuffix('.0')}"

    usual = TraceChoice(name=trace.name)
    return ",".join((trace.name, *changed(trace, usual), *changed(trace.read, usual.read)))


def read_trace_word(text: str) -> TraceChoice:
    """`NAME` or `FILE[#ARRAY]`, then `,key=value` for fields of a trace (scale, start, crop_start) or of its reading.

    Raises InputError naming the key.
    """
    from simint.config import decode
    from simint.trace.readers.options import ReadOptions

    name, *pairs = text.split(",")
    own: dict[str, object] = {"name": _absolute(name)}
    read: dict[str, object] = {}
    readable = {field.name for field in msgspec.structs.fields(ReadOptions)}
    for pair in pairs:
        key, mark, value = pair.partition("=")
        if not mark:
            raise InputError(f"--trace {text}: write NAME,KEY=VALUE,.. such as rf.trace,scale=0.5; got {pair!r}")
        (read if key in readable else own)[key] = value
    if read:
        own["read"] = read
    return decode(own, TraceChoice, f"--trace {text}", text_numbers=True)


def _absolute(name: str) -> str:
    """A file stays findable from another folder; `FILE#ARRAY` keeps its selector."""
    file, mark, selector = name.partition("#")
    return f"{Path(file).resolve()}{mark}{selector}" if Path(file).is_file() else name
