"""What a point of a search found, as a file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from nas.channels.groups import Kept
from nas.methods.dnas.config import DnasConfig
from nas.methods.dnas.joint_epoch import JointEpoch
from nas.problem.evaluation import HardwareCosts
from simint.errors import InputError
from simint.files import read_document, replacing
from simint.network.network import Network

RESULT_FORMAT = "simint-dnas-result/1"


class DnasResult(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network with its kept channels, what it was allowed, and what it costs.

    `memory_bytes` never exceeds `limit_bytes`. `second_cost` in the unit of the objective, as the search saw it;
    `costs` and `seed_costs` are exact. Accuracies on validation data, `warm_up_accuracy_percent` of the seed; the
    test accuracy is there once it was asked for. `projected`: see `joint.Joint`.
    """

    format: str = RESULT_FORMAT
    config_sha256: str
    config: DnasConfig
    network: Network
    kept: Kept
    limit_bytes: float
    memory_bytes: float
    seed_memory_bytes: float
    second_cost: float
    seed_second_cost: float
    costs: HardwareCosts
    seed_costs: HardwareCosts
    warm_up_accuracy_percent: float
    validation_accuracy_percent: float
    projected: bool
    best_epoch: int
    search_seconds: float
    history: tuple[JointEpoch, ...]
    test_accuracy_percent: float | None = None


def write_result(path: Path, result: DnasResult) -> None:
    """Replace the file."""
    with replacing(path) as draft:
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")


def read_result(path: Path, config_sha256: str) -> DnasResult | None:
    """What `write_result` wrote for this config; None where there is no file, InputError for another config's."""
    if not path.exists():
        return None
    result = load_result(path)
    if result.config_sha256 != config_sha256:
        raise InputError(f"{path}: belongs to a search with other settings; choose another folder")
    return result


def load_result(path: Path) -> DnasResult:
    """What `write_result` wrote, for whatever config; InputError where it is not that."""
    try:
        return msgspec.convert(read_document(path, RESULT_FORMAT, "result of a channel search"), DnasResult)
    except msgspec.ValidationError as error:
        raise InputError(f"{path}: not a result of a channel search ({error})") from None
