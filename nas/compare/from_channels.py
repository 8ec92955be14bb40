"""The folder of a channel search: a network for every point of it."""

from __future__ import annotations

from pathlib import Path

from nas.compare.candidates import Candidate, SearchFolder, kind_of
from nas.methods.dnas.config import point_name
from nas.methods.dnas.result import load_result
from nas.search.channels.config import ChannelsConfig
from nas.search.channels.report import on_front
from nas.search.folder import CONFIG
from nas.search.spread import spread
from simint.config import load_toml
from simint.errors import InputError
from simint.network.catalogue import network_presets

_BY = "fine-tuning"


def read_channels_folder(path: Path, label: str, most: int) -> SearchFolder:
    """At most `most` networks of the front of all its finished points, by energy.

    Raises InputError where no point is finished.
    """
    config = load_toml(path / CONFIG, ChannelsConfig)
    results = [load_result(file) for file in sorted(path.glob("points/*/result.json"))]
    if not results:
        raise InputError(f"{path}: no point of this search is finished; go on with its command")
    front = [result for result, kept in zip(results, on_front(results), strict=True) if kept]
    front.sort(key=lambda result: (result.costs.active_j, point_name(result.config)))
    candidates = tuple(
        Candidate(
            name=f"{label}-{number}",
            origin=str(path),
            method=config.method,
            word=f"points/{point_name(result.config)}",
            network=result.network,
            accuracy_percent=result.validation_accuracy_percent,
            accuracy_by=_BY,
            on_front=True,
        )
        for number, result in enumerate(spread(front, most), start=1)
    )
    return SearchFolder(
        path=path,
        label=label,
        method=config.method,
        data_set=config.data,
        candidates=candidates,
        kinds=tuple(filter(None, [kind_of(_seed_word(config.seed_net))])),
        target=config.target,
        replay=config.replay,
        accuracy_by=_BY,
    )


def _seed_word(seed_net: str) -> str:
    return {preset.name: preset.word for preset in network_presets()}.get(seed_net, seed_net)
