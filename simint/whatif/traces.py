"""The traces of a study: loaded and hashed once, then shared among all processes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from simint.physics.front_end import compile_source
from simint.physics.source import CompiledSource
from simint.scenario import Scenario, TraceChoice, shaped_trace
from simint.trace.load import load_trace
from simint.trace.power_trace import PowerTrace, content_hash
from simint.whatif.sharing import fetch, share, shared_name

# Segments from which on a source is compiled once for all processes; a smaller one is ready before it is read. 8 MB.
SHARED_SEGMENTS = 1 << 20


def recorded_choice(choice: TraceChoice) -> TraceChoice:
    """What of a choice says which recording it is; the rest says how it is used."""
    return TraceChoice(name=choice.name, read=choice.read, seed=choice.seed)


def used_choice(choice: TraceChoice) -> TraceChoice:
    """A choice without the place at which the run starts: the same source serves all of them."""
    return msgspec.structs.replace(choice, start=0.0)


def record_traces(choices: Mapping[str, TraceChoice], folder: Path) -> tuple[dict[str, str], dict[TraceChoice, int]]:
    """Load every recording, put it into `folder` for all processes, and let go of it.

    Returns the content hash by the name it was given, and the number of segments by `recorded_choice`.
    """
    hashes: dict[str, str] = {}
    segments: dict[TraceChoice, int] = {}
    for word, choice in choices.items():
        recorded = recorded_choice(choice)
        trace = load_trace(recorded.name, recorded.read, recorded.seed)
        hashes[word] = content_hash(trace)
        segments[recorded] = trace.segments
        share(folder, shared_name("trace", recorded), trace)
    return hashes, segments


def recording(choice: TraceChoice, folder: Path) -> PowerTrace:
    """The trace as recorded: from the shared folder, else loaded (another seed, or a machine without that folder)."""
    recorded = recorded_choice(choice)
    trace: PowerTrace | None = fetch(folder, shared_name("trace", recorded))
    return load_trace(recorded.name, recorded.read, recorded.seed) if trace is None else trace


def source_name(scenario: Scenario) -> str:
    """The name of a point's compiled source in the shared folder."""
    assert not isinstance(scenario.supply, str)
    return shared_name("source", used_choice(scenario.trace), scenario.supply.converter)


def used_trace(scenario: Scenario, folder: Path) -> PowerTrace:
    """The trace of a point: cropped, scaled, and with its end."""
    return shaped_trace(recording(scenario.trace, folder), scenario.trace)


def share_source(scenario: Scenario, folder: Path) -> None:
    """Compile the source of a point, and put it with its trace where every process finds it."""
    assert not isinstance(scenario.supply, str)
    trace = used_trace(scenario, folder)
    share(folder, source_name(scenario), (trace, compile_source(trace, scenario.supply), scenario.supply.v_on))


def shared_source(scenario: Scenario, folder: Path) -> tuple[PowerTrace, CompiledSource, float] | None:
    """What `share_source` put there, with the turn-on threshold it was made for; None where it is not."""
    found: tuple[PowerTrace, CompiledSource, float] | None = fetch(folder, source_name(scenario))
    return found
