"""One point from its seed network to its fine-tuned child: warm-up, joint phase, export, fine-tuning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from nas.channels.export import exported
from nas.channels.groups import Kept
from nas.channels.masked_module import MaskedModule
from nas.data.catalogue import load_data
from nas.data.data_set import DataSet
from nas.hardware.pricing import network_costs
from nas.methods.dnas.config import DnasConfig, memory_limit, point_name
from nas.methods.dnas.constraint import permitted_within
from nas.methods.dnas.costs import CostBook, SearchCosts
from nas.methods.dnas.joint import Joint, search_jointly
from nas.methods.dnas.joint_epoch import JointEpoch
from nas.methods.dnas.result import DnasResult, read_result, write_result
from nas.methods.dnas.warm_up import WarmUp, warmed_up
from nas.train.fitting import suited_data
from nas.train.history import EpochRecord
from nas.train.loop import TrainResult, train
from nas.train.model_file import trained_model, write_model
from simint.config import struct_hash
from simint.network.catalogue import load_network
from simint.network.network import Network


@dataclass(frozen=True, slots=True)
class DnasProgress:
    """How far a point is. `phase`: warm-up, search or fine-tuning, each of so many epochs."""

    point: str
    phase: str
    epoch: int
    epochs: int
    validation_accuracy_percent: float


Listener = Callable[[DnasProgress], None]


def run_dnas(
    config: DnasConfig,
    out_dir: Path,
    progress: Listener | None = None,
    device: str = "cpu",
    threads: int = 1,
    data: DataSet | None = None,
    book: CostBook | None = None,
) -> DnasResult:
    """Search one point; what is finished in `out_dir` is read, what was interrupted goes on.

    out_dir/warm-up/              the trained seed, one file a seed, shared by all points of a sweep
    out_dir/points/NAME/          search.pt and fine-tune.pt while they run, then model.pt and result.json

    `data`, `book`: the loaded data set and the cost tables, where a sweep has them already. Raises InputError for
    anything wrong in `config`, a limit that no network of these channels meets, and for a folder of another search.
    """
    folder = out_dir / "points" / point_name(config)
    past = read_result(folder / "result.json", struct_hash(config))
    if past is not None:
        return past
    network = load_network(config.seed_net)
    data = data or load_data(config.data, None if config.data_folder is None else Path(config.data_folder))
    data = suited_data(data, network)
    costs = (book or CostBook()).costs(config, network)
    limit = memory_limit(config.memory, costs.seed_memory)
    permitted = permitted_within(costs, limit, config.settings)
    settings, name = config.settings, point_name(config)
    warm_told = _teller(progress, name, "warm-up", settings.warm_up.epochs)
    warm = warmed_up(config, network, data, out_dir / "warm-up", warm_told, device, threads)
    masked = MaskedModule(warm.module, permitted)
    masked.first_alphas(settings.first_alphas)
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, told = folder / "search.pt", _teller(progress, name, "search", settings.epochs)
    joint = search_jointly(masked, data, config, costs, limit, warm.validation_loss, checkpoint, told, device, threads)
    small = exported(masked)
    tuning = msgspec.structs.replace(settings.fine_tune, seed=config.seed)
    checkpoint, tuning_told = folder / "fine-tune.pt", _teller(progress, name, "fine-tuning", tuning.epochs)
    tuned = train(small, data.train, data.validation, tuning, checkpoint, tuning_told, device, threads)
    result = _result(config, costs, limit, masked.masks.kept(), small.network, warm, joint, tuned)
    start = f"channel search of {config.seed_net}"
    write_model(folder / "model.pt", trained_model(config.data, data, tuning, small, start, tuned))
    write_result(folder / "result.json", result)
    for leftover in ("search.pt", "fine-tune.pt"):
        (folder / leftover).unlink(missing_ok=True)
    return result


def _teller(
    listener: Listener | None, point: str, phase: str, epochs: int
) -> Callable[[EpochRecord | JointEpoch], None]:
    """Tells the listener, if there is one, of every epoch of a phase."""

    def told(record: EpochRecord | JointEpoch) -> None:
        if listener is not None:
            listener(DnasProgress(point, phase, record.epoch, epochs, record.validation_accuracy_percent))

    return told


def _result(
    config: DnasConfig,
    costs: SearchCosts,
    limit: float,
    kept: Kept,
    network: Network,
    warm: WarmUp,
    joint: Joint,
    tuned: TrainResult,
) -> DnasResult:
    counts = costs.counts(kept)
    return DnasResult(
        config_sha256=struct_hash(config),
        config=config,
        network=network,
        kept=kept,
        limit_bytes=limit,
        memory_bytes=costs.memory.priced(counts)[0],
        seed_memory_bytes=costs.seed_memory,
        second_cost=costs.second.priced(counts)[0],
        seed_second_cost=costs.seed_second,
        costs=network_costs(network, costs.pricing),
        seed_costs=costs.seed_costs,
        warm_up_accuracy_percent=warm.validation_accuracy_percent,
        validation_accuracy_percent=tuned.validation_accuracy_percent,
        projected=joint.projected,
        best_epoch=joint.best_epoch,
        search_seconds=sum(record.seconds for record in joint.history),
        history=joint.history,
    )
