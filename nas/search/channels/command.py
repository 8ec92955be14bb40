"""The differentiable channel search as a command: its points checked, and run in a folder."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nas.methods.dnas.config import DnasConfig, memory_limit
from nas.search.channels.config import ChannelsConfig, channel_points, channels_config
from nas.search.config import ReplayChoice
from nas.search.config_file import config_toml
from nas.search.families import Family
from nas.search.folder import held_folder, interrupted
from simint.scenario import PolicyChoice

if TYPE_CHECKING:
    from nas.data.data_set import DataSet
    from nas.methods.dnas.costs import CostBook
    from nas.methods.dnas.search import DnasProgress
    from nas.problem.evaluation import Measures
    from nas.search.channels.replay import ChannelReplays

# What may differ from run to run in one folder: no point depends on it.
_FREE = (
    *("memories", "strengths", "seed", "repeats", "finalists", "test"),
    *(f"replay.{name}" for name in ReplayChoice.__struct_fields__),
    *(f"replay.policy.{name}" for name in PolicyChoice.__struct_fields__),
)


@dataclass(frozen=True, slots=True)
class ChannelSearch:
    """A configuration with what it names; `replays` is None where nothing is replayed."""

    config: ChannelsConfig
    points: tuple[DnasConfig, ...]
    data: DataSet
    book: CostBook
    replays: ChannelReplays | None


def prepare_channels(config: ChannelsConfig, device: str) -> ChannelSearch:
    """Load what a configuration names and check every point of it.

    Raises InputError for what is unknown, does not go together, or a limit that no network of these channels meets.
    """
    from nas.data.catalogue import load_data
    from nas.methods.dnas.constraint import permitted_within
    from nas.methods.dnas.costs import CostBook
    from nas.search.channels.replay import prepare_channel_replays
    from nas.train.device import chosen_device
    from nas.train.fitting import require_suited
    from simint.network.catalogue import load_network

    chosen_device(device)
    network = load_network(config.seed_net)
    data = load_data(config.data, None if config.data_folder is None else Path(config.data_folder))
    require_suited(data, network)
    points, book = channel_points(config), CostBook()
    costs = book.costs(points[0], network)
    for memory in config.memories:
        permitted_within(costs, memory_limit(memory, costs.seed_memory), config.settings)
    replays = prepare_channel_replays(config.replay, config.target) if config.finalists else None
    return ChannelSearch(config, points, data, book, replays)


def command(arguments: argparse.Namespace) -> int:
    """`python -m nas.search --method dnas`."""
    config, device = channels_config(arguments), arguments.device or "cpu"
    if arguments.print_config:
        print(config_toml(config), end="")
        return 0
    folder = Path(arguments.out)
    try:
        prepared = prepare_channels(config, device)
        with held_folder(folder, config, Family.CHANNELS, free=_FREE):
            print(_searched(prepared, folder, device))
    except KeyboardInterrupt:
        return interrupted(folder)
    return 0


def _searched(prepared: ChannelSearch, folder: Path, device: str) -> str:
    from nas.methods.dnas.final import with_test_accuracy
    from nas.methods.dnas.search import run_dnas
    from nas.search.channels.replay import replayed_points
    from nas.search.channels.report import front_of, printed, write_channels
    from simint.network.catalogue import load_network
    from simint.report.status import StatusLine

    points, results = prepared.points, []
    with StatusLine() as line:
        for number, point in enumerate(points):

            def show(now: DnasProgress, number: int = number) -> None:
                if line.due():
                    text = f"{now.point}: {now.phase}, epoch {now.epoch} of {now.epochs}"
                    accuracy = f"{now.validation_accuracy_percent:.1f} %"
                    line.show(f"point {number + 1} of {len(points)}, {text}, {accuracy}", number, len(points))

            results.append(run_dnas(point, folder, show, device, data=prepared.data, book=prepared.book))
    if prepared.config.test:
        results = [with_test_accuracy(result, prepared.data, folder) for result in results]
    measures: dict[str, Measures] = {}
    if prepared.replays is not None:
        front = front_of(results)
        network = load_network(prepared.config.seed_net)
        measures = replayed_points(prepared.replays, front, prepared.config.finalists, network, folder)
    write_channels(prepared.config, results, measures, folder)
    return printed(prepared.config, results, measures, folder)
