"""Replays of the points of a channel search: each point once, kept beside its network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from nas.fitness.replay import ReplayFitness, over_traces, prepare_replay
from nas.methods.dnas.config import point_name
from nas.methods.dnas.result import DnasResult
from nas.problem.evaluation import Measures
from nas.search.config import ReplayChoice
from nas.search.replaying import load_replays
from nas.search.spread import spread
from nas.space.target import Target, target_settings
from simint.config import struct_hash
from simint.engine.engines import EngineChoice
from simint.errors import InfeasibleError, InputError
from simint.files import read_document, replacing
from simint.network.network import Network

REPLAY_FORMAT, SEED_NETWORK = "simint-dnas-replay/1", "seed-network"


class ReplayedTrace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one trace made of a network; `latency_s` is None where no inference was completed."""

    trace: str
    inferences_per_day: float
    latency_s: float | None


class Replayed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The replays of one network; `asked` stands for scenarios, traces and network. `reason`: why there are none."""

    format: str = REPLAY_FORMAT
    asked: str
    traces: tuple[ReplayedTrace, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ChannelReplays:
    """Scenarios loaded and compiled, and what they stand for."""

    fitness: ReplayFitness
    inputs: dict[str, str]

    def measures(self, name: str, network: Network, folder: Path) -> Measures:
        """Of the network of a point, or the seed network; read from the folder where it was replayed so before."""
        path = folder / "points" / name / "replay.json" if name != SEED_NETWORK else folder / name / "replay.json"
        asked = struct_hash((network, sorted(self.inputs.items()), [each.scenario for each in self.fitness.ready]))
        past = _read(path)
        if past is None or past.asked != asked:
            past = self._replayed(network, asked)
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as draft:
                draft.write_bytes(msgspec.json.format(msgspec.json.encode(past), indent=2) + b"\n")
        return _measures(past)

    def _replayed(self, network: Network, asked: str) -> Replayed:
        try:
            found = self.fitness.replay(network)
        except InfeasibleError as error:
            return Replayed(asked=asked, traces=(), reason=str(error))
        rows = (
            ReplayedTrace(each.trace, each.inferences_per_day, each.latency_s if each.inferences else None)
            for each in found
        )
        return Replayed(asked=asked, traces=tuple(rows))


def prepare_channel_replays(choice: ReplayChoice, target: Target) -> ChannelReplays:
    """The replays of a search priced for `target`, compiled engine; InputError naming the file and field."""
    replays = load_replays(choice, target_settings(target))
    return ChannelReplays(prepare_replay(replays.scenarios, EngineChoice.COMPILED), replays.inputs)


def replayed_points(
    replays: ChannelReplays, front: Sequence[DnasResult], finalists: int, seed_network: Network, folder: Path
) -> dict[str, Measures]:
    """`finalists` networks of the front, spread evenly over it, by name of point; the seed's under `SEED_NETWORK`.

    Points with the same network share its replays, kept beside the first of them.
    """
    points: dict[Network, list[str]] = {}
    for result in front:
        points.setdefault(result.network, []).append(point_name(result.config))
    found = {SEED_NETWORK: replays.measures(SEED_NETWORK, seed_network, folder)}
    for network in spread(list(points), finalists):
        found |= dict.fromkeys(points[network], replays.measures(points[network][0], network, folder))
    return found


def _measures(replayed: Replayed) -> Measures:
    if not replayed.traces:
        return Measures()
    rates = [each.inferences_per_day for each in replayed.traces]
    return over_traces(rates, [math.inf if each.latency_s is None else each.latency_s for each in replayed.traces])


def _read(path: Path) -> Replayed | None:
    if not path.exists():
        return None
    try:
        return msgspec.convert(read_document(path, REPLAY_FORMAT, "replay of a channel search"), Replayed)
    except msgspec.ValidationError as error:
        raise InputError(f"{path}: not a replay of a channel search ({error})") from None
