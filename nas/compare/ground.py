"""The common ground: one cost model for every network, and the same replays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nas.compare.candidates import Candidate, SearchFolder
from nas.hardware.pricing import Pricing, network_costs, pricing_of
from nas.problem.evaluation import HardwareCosts, Measures
from nas.search.config import ReplayChoice
from nas.search.replaying import Replays, load_replays, trace_word
from nas.space.search_space import load_space, published_spaces
from nas.space.target import Target, retargeted, target_platform, target_settings
from simint.errors import InputError, SimintError
from simint.hardware.platform import CostMode
from simint.network.network import Network
from simint.tiling.legality import published_problem
from simint.tiling.search.goal import PublishedObjective
from simint.units import format_quantity

if TYPE_CHECKING:
    from nas.fitness.replay import ReplayFitness

# In consistent mode, which covers every layer there is.
_COVERS_ALL = "msp430fr5994"
_USUAL_SPACE = "digits"


@dataclass(frozen=True, slots=True)
class Ground:
    """What all networks are priced for and replayed on; `notes` say what a reader has to know of it."""

    target: Target
    pricing: Pricing
    replays: Replays
    notes: tuple[str, ...]


def common_ground(
    folders: Sequence[SearchFolder],
    candidates: Sequence[Candidate],
    platform: str | None = None,
    capacitance: float | None = None,
    resistance: float | None = None,
) -> Ground:
    """The target of the first folder that has one, with what is given in its place; the traces of the first with any.

    Where the published model of that target does not cover a network, the first target of another folder that covers
    all of them, else consistent mode with the same capacitor. Raises InputError for a platform that was asked for and
    does not cover a network, and for traces that are not found.
    """
    own = [(folder, folder.target) for folder in folders if folder.target is not None]
    first = own[0][1] if own else _usual_target(folders[0].data_set)
    wanted = retargeted(first, platform=platform, capacitance=capacitance, resistance=resistance)
    notes = []
    target = wanted
    if uncovered := _uncovered(wanted, candidates):
        if platform is not None:
            raise InputError(f"--platform {platform} does not cover {uncovered}; {_COVERS_ALL} covers every network")
        target = next((each for _, each in own if not _uncovered(each, candidates)), _covering_all(wanted))
        notes.append(f"priced for another platform than {wanted.platform}, which does not cover {uncovered}")
    else:
        others = [folder.label for folder, each in own if each != target]
        if others:
            notes.append(
                f"priced for another target than searched for: {', '.join(others)}; what is on the front of a search "
                "is by its own costs"
            )
    replay = next((folder.replay for folder in folders if folder.replay is not None), ReplayChoice())
    settings = target_settings(target)
    notes.insert(
        0,
        f"costs: model of {target.platform} with {format_quantity(settings.capacitance, 'F', 3)}; replays: supply "
        f"{replay.supply}, policy {replay.policy.name}, {', '.join(map(trace_word, replay.traces))}; "
        "inferences a day are the median over traces",
    )
    pricing = pricing_of(target, PublishedObjective.LATENCY)
    return Ground(target, pricing, load_replays(replay, settings), tuple(notes))


def costs_on(ground: Ground, network: Network) -> HardwareCosts:
    """Exact costs of one inference; infinite where the network cannot run."""
    return network_costs(network, ground.pricing)


def replayed(fitness: ReplayFitness, network: Network) -> tuple[Measures, str]:
    """What replays say, or nothing and why."""
    try:
        return fitness.measures(network), ""
    except SimintError as error:
        return Measures(), str(error)


def _usual_target(data_set: str) -> Target:
    """That of the first space for a data set; where none is, of the space that a search has by default."""
    spaces = [load_space(name) for name in published_spaces()]
    suited = [space for space in spaces if space.data_set == data_set]
    return (suited or [load_space(_USUAL_SPACE)])[0].target


def _covering_all(target: Target) -> Target:
    settings = target_settings(target)
    return retargeted(target, platform=_COVERS_ALL, capacitance=settings.capacitance, resistance=settings.resistance)


def _uncovered(target: Target, candidates: Sequence[Candidate]) -> str:
    """The first network that the cost model refuses, and why; empty where it covers all."""
    platform = target_platform(target)
    if platform.mode is not CostMode.PUBLISHED:
        return ""
    for candidate in candidates:
        for layer in candidate.network.layers:
            if problem := published_problem(layer, platform.variant):
                return f"{candidate.name} (layer {layer.name}: {problem})"
    return ""
