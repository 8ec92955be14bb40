"""Everything a search needs, loaded and checked before anything is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nas.problem.measuring import Recipe
from nas.problem.objectives import Requirements, objective
from nas.problem.problem import HardwareModel, Problem
from nas.search.accuracy import DataPlace, SupernetRecipe, TrainRecipe
from nas.search.config import OWN_METHODS, AccuracyBy, Limits, SearchConfig, SupernetKind
from nas.search.methods import method_ground, require_budget
from nas.search.recipes import JointRecipe, ReplayRecipe
from nas.search.replaying import Replays, load_replays
from nas.search.timing import Seconds, TimedHardware
from nas.space.mbconv_space import MbconvSpace
from nas.space.search_space import AnySpace, load_space
from nas.space.target import Target, retargeted, target_platform, target_settings
from nas.store.resume import versions
from simint.config import struct_hash
from simint.errors import InputError
from simint.network.families import network_from_word

if TYPE_CHECKING:
    from nas.data.data_set import DataSet
    from nas.supernet.settings import SupernetSettings
    from nas.train.settings import TrainSettings
    from simint.hardware.platform import Platform
    from simint.tiling.published.electrical import ElectricalSettings


@dataclass(frozen=True)
class Prepared:
    """A search ready to begin.

    `problem` is what the method sees, `judged` the same with costs under intermittent power (they differ for
    `hw-nas` alone). `inputs`: name and hash of everything that an evaluation depends on.
    """

    config: SearchConfig
    space: AnySpace
    target: Target
    problem: Problem
    judged: Problem
    note: str
    data: DataPlace | None
    replays: Replays
    inputs: dict[str, str]
    supernet: SupernetSettings | None
    training: TrainSettings | None

    @property
    def priced_for(self) -> tuple[Platform, ElectricalSettings]:
        """What the cost model assumes."""
        return target_platform(self.target), target_settings(self.target)

    def recipe(self, folder: Path) -> Recipe | None:
        """How candidates are measured, with the supernet of `folder`; None where costs are all that is asked."""
        parts: list[Recipe] = []
        if self.supernet is not None and self.data is not None:
            parts.append(SupernetRecipe(str(supernet_file(folder).resolve()), self.data))
        if self.training is not None and self.data is not None:
            parts.append(TrainRecipe(self.data, self.training))
        if self.config.wants_replay:
            parts.append(ReplayRecipe(self.replays.scenarios))
        return None if not parts else parts[0] if len(parts) == 1 else JointRecipe(tuple(parts))


def supernet_file(folder: Path) -> Path:
    """Where the supernet of a search lies."""
    return folder / "supernet.pt"


def prepare(config: SearchConfig, seconds: Seconds) -> Prepared:
    """Load what a configuration names.

    Raises InputError for an unknown space or data set, requirements that nothing meets, and what does not go together.
    """
    whole = load_space(config.space)
    target = retargeted(
        whole.target, platform=config.platform, capacitance=config.capacitance, resistance=config.resistance
    )
    _require_sense(config, whole)
    require_budget(config, whole.data_set)
    requirements = requirements_of(config.limits)
    _require_attainable(whole, target, requirements)
    ground = method_ground(config.method, whole, target, requirements)
    space = ground.space
    judged, asked = _models(config, space, target)
    objectives = tuple(objective(name) for name in config.objectives)
    replays = load_replays(config.replay, target_settings(target))
    inputs = {"search space": struct_hash(space), "target": struct_hash(target), **replays.inputs}
    inputs["replay policy and duration"] = struct_hash((config.replay.policy, config.replay.duration))
    data, supernet, training = None, None, None
    packages: tuple[str, ...] = ()
    if config.wants_accuracy:
        data = DataPlace(config.data or space.data_set, config.data_folder)
        supernet, training, found = _accuracy(config, space, data)
        inputs |= found
        packages = ("torch",)
    return Prepared(
        config=config,
        space=space,
        target=target,
        problem=Problem(space, TimedHardware(asked, seconds), ground.requirements, objectives),
        judged=Problem(space, TimedHardware(judged, seconds), ground.requirements, objectives),
        note=ground.note,
        data=data,
        replays=replays,
        inputs=inputs | versions(packages),
        supernet=supernet,
        training=training,
    )


def requirements_of(limits: Limits) -> Requirements:
    """Requirements with infinity where nothing is asked."""

    def limit(value: float | None) -> float:
        return math.inf if value is None else value

    return Requirements(
        latency_s=limit(limits.latency),
        imo_percent=limit(limits.imo),
        weight_bytes=limit(limits.weight_bytes),
        feature_bytes=limit(limits.feature_bytes),
        nvm_bytes=limit(limits.nvm_bytes),
    )


def _models(config: SearchConfig, space: AnySpace, target: Target) -> tuple[HardwareModel, HardwareModel]:
    """The model that networks are judged by, and the one the method asks."""
    from nas.hardware.model import hardware_model
    from nas.space.layer_prices import Power

    judged = hardware_model(space, target)
    return judged, hardware_model(space, target, Power.CONTINUOUS) if config.method == "hw-nas" else judged


def _require_attainable(space: AnySpace, target: Target, requirements: Requirements) -> None:
    """Refuse what no network of the space meets, with the best that is attainable."""
    if requirements == Requirements():
        return
    from nas.hardware.attainable import unmet
    from nas.hardware.model import hardware_model

    try:
        refusal = unmet(hardware_model(space, target), requirements)
    except InputError:
        return  # a space too large to know: the method will draw from it, and say what it found nearest
    if refusal:
        raise InputError(refusal)


def _require_sense(config: SearchConfig, space: AnySpace) -> None:
    by_accuracy = config.method not in OWN_METHODS
    if config.accuracy.by is AccuracyBy.NONE and (by_accuracy or "accuracy" in config.objectives):
        if by_accuracy:
            raise InputError(f"method {config.method} needs accuracy; --accuracy none leaves it out")
        raise InputError(
            "objective accuracy needs accuracy; beside --accuracy none name others, such as --objective latency"
        )
    if config.accuracy.by is AccuracyBy.SUPERNET and not isinstance(space, MbconvSpace):
        raise InputError(
            f"search space {space.name!r} has no supernet, only those of kind mbconv have; give --accuracy train"
        )


def _accuracy(
    config: SearchConfig, space: AnySpace, place: DataPlace
) -> tuple[SupernetSettings | None, TrainSettings | None, dict[str, str]]:
    """Settings of the supernet or of trainings, and what they depend on; InputError where something is not there."""
    if find_spec("torch") is None:
        raise InputError("accuracy needs PyTorch: install simint with its extra `nas`, or search without it")
    from nas.data.data_set import data_hash
    from nas.train.published import Recipe as Published
    from nas.train.published import recipe_settings

    data: DataSet = place.load()
    _require_suited(space, data)
    inputs = {f"data set {place.name}": data_hash(data)}
    if config.accuracy.by is not AccuracyBy.TRAIN and isinstance(space, MbconvSpace):
        chosen = _supernet_settings(place.name, config.accuracy.supernet)
        epochs = config.accuracy.epochs or chosen.training.epochs
        settings = msgspec.structs.replace(chosen.training, epochs=epochs, seed=config.seed)
        supernet = msgspec.structs.replace(chosen, training=settings)
        return supernet, None, inputs | {"supernet": struct_hash(supernet)}
    recipe = Published.INAS if config.method in ("inas", "hw-nas") else Published.STAND_ALONE
    training = recipe_settings(recipe, place.name)
    epochs = config.accuracy.epochs or training.epochs
    training = msgspec.structs.replace(training, epochs=epochs, seed=config.seed)
    return None, training, inputs | {"training": struct_hash(training)}


def _require_suited(space: AnySpace, data: DataSet) -> None:
    """InputError where the data do not suit the networks of a space, the first and the last of it."""
    from nas.train.fitting import require_suited

    for last in (False, True):
        genome = tuple((len(gene.options) - 1) * last for gene in space.genes)
        require_suited(data, network_from_word(space.word(genome)))


# Data sets without published settings. Ours, tried on digits at equal time: 80 epochs so give random paths a median of
# 79 %, where those of HAR (batches of 64 at 0.05, its initialisation) end at 35 %.
_SMALL_SET = {"epochs": 80, "batch": 32, "learning_rate": 0.1}


def _supernet_settings(data: str, kind: SupernetKind) -> SupernetSettings:
    """Published rates and epochs where there are any."""
    from nas.modules.kinds import Initialisation
    from nas.supernet.settings import published_supernet, trusted_supernet

    if kind is SupernetKind.PUBLISHED:
        return published_supernet(data)
    settings = trusted_supernet(data)
    if data in ("har", "cifar10", "mswc"):
        return settings
    training = msgspec.structs.replace(settings.training, initialisation=Initialisation.TORCH, **_SMALL_SET)
    return msgspec.structs.replace(settings, training=training)
