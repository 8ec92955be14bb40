"""SC-NAS as a command: what it is asked, and what that names, loaded and checked."""

from __future__ import annotations

import argparse
import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from nas.methods.sc.hardware import ScHardware
from nas.methods.sc.measuring import ScRecipe
from nas.methods.sc.search import ScNasSettings
from nas.methods.sc.space import HARDWARE, ScSpace, load_sc_space, sc_spaces
from nas.methods.sc.training import candidate_training
from nas.search.options import changed, quantity
from nas.stochastic.energy import sc_energies
from nas.store.resume import versions
from simint.config import Joule, load_toml, struct_hash
from simint.errors import InputError
from simint.units import format_quantity

TRAINED = "trained"
_USUAL_DATA = "digits"


class StochasticConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that the result of a run depends on, files aside.

    `energy_max` of one inference. `space`: a name or TOML file, by default the one that comes for `data` (digits where
    that is absent too); `data`: by default the space's. `evaluations` designs are measured bit for bit, and
    `float_evaluations` networks in floating point, by default half as many. `epochs` of each training,
    `tuning_epochs` of training on with the hardware emulated. `test`: the test split is opened at the end.
    """

    method: Literal["sc-nas"] = "sc-nas"
    energy_max: Joule = 4e-9
    space: str | None = None
    data: str | None = None
    data_folder: str | None = None
    evaluations: int = 120
    float_evaluations: int | None = None
    epochs: int | None = None
    tuning_epochs: int = 4
    test: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.energy_max < math.inf:
            raise InputError(f"`energy_max` must be positive and finite, got {self.energy_max:g} J")
        least = (("evaluations", 1), ("float_evaluations", 1), ("epochs", 1), ("tuning_epochs", 0), ("seed", 0))
        for field, bound in least:
            value = getattr(self, field)
            if value is not None and value < bound:
                raise InputError(f"`{field}` must be at least {bound}, got {value}")


@dataclass(frozen=True, slots=True)
class StochasticSearch:
    """A configuration with what it names. `inputs`: name and hash of everything that an evaluation depends on."""

    config: StochasticConfig
    recipe: ScRecipe
    settings: ScNasSettings
    float_settings: ScNasSettings | None
    inputs: dict[str, str]


def stochastic_config(arguments: argparse.Namespace) -> StochasticConfig:
    """The configuration of the file given, options in place of its fields; InputError names the option or field."""
    file = arguments.config
    base = StochasticConfig() if file is None else load_toml(Path(file), StochasticConfig)
    config: StochasticConfig = changed(
        base,
        {
            "energy_max": quantity(arguments.energy_max, "J", "--energy-max"),
            "space": arguments.space,
            "data": arguments.data,
            "data_folder": arguments.data_folder,
            "evaluations": arguments.evaluations,
            "epochs": arguments.epochs,
            "test": True if arguments.test else None,
            "seed": arguments.seed,
        },
    )
    return config


def prepare_stochastic(config: StochasticConfig, folder: Path) -> StochasticSearch:
    """Load what a configuration names; networks are kept in `folder`/trained.

    Raises InputError for an unknown space or data set, data that are not found or do not suit the networks, and an
    energy limit that no design meets, with the least energy there is.
    """
    space = _space(config)
    least_j = least_energy(space)
    if least_j > config.energy_max:
        raise InputError(
            f"no design of space {space.name} meets --energy-max {format_quantity(config.energy_max, 'J', 4)}; the "
            f"least energy is {format_quantity(least_j, 'J', 4)}"
        )
    recipe = ScRecipe(
        space,
        candidate_training(space.data_set, config.seed, config.epochs),
        tuning_epochs=config.tuning_epochs,
        data_folder=config.data_folder,
        trained=str((folder / TRAINED).resolve()),
    )
    settings = ScNasSettings(evaluations=config.evaluations)
    separate = config.float_evaluations
    float_settings = None if separate is None else dataclasses.replace(settings, evaluations=separate)
    return StochasticSearch(config, recipe, settings, float_settings, _inputs(recipe))


def least_energy(space: ScSpace) -> float:
    """Least energy (J) of one inference: energy grows with kernels and channels, not always with depth."""
    return min(_energies(space, space.kernels.index(min(space.kernels)), space.channels.index(min(space.channels))))


def most_energy(space: ScSpace) -> float:
    """Most energy (J) of one inference, as `least_energy`."""
    return max(_energies(space, space.kernels.index(max(space.kernels)), space.channels.index(max(space.channels))))


def loose_limit(search: StochasticSearch) -> str:
    """A sentence where the energy limit refuses no design, as one without its unit does; empty where it does."""
    limit_j, most_j = search.config.energy_max, most_energy(search.recipe.space)
    if limit_j < most_j:
        return ""
    return (
        f"--energy-max {format_quantity(limit_j, 'J', 4)} refuses no design of space {search.recipe.space.name}, whose "
        f"most energy is {format_quantity(most_j, 'J', 4)}; a number without a unit is in J"
    )


def _energies(space: ScSpace, kernel: int, channels: int) -> list[float]:
    """Energies (J) of the networks of one kernel and number of channels, by place in the space, on all hardware."""
    layers = (kernel, channels) * space.layers
    hardware: list[tuple[int, ...]] = [()]
    for gene in space.genes[1 : 1 + len(HARDWARE)]:
        hardware = [(*genes, option) for genes in hardware for option in range(len(gene.options))]
    designs = [space.canonical((depth, *genes, *layers)) for depth in range(space.layers) for genes in hardware]
    return [cost.active_j for cost in ScHardware(space, sc_energies()).costs(designs)]


def _space(config: StochasticConfig) -> ScSpace:
    """The space with the data set asked for."""
    if config.space is not None:
        space = load_sc_space(config.space)
        return space if config.data is None else msgspec.structs.replace(space, data_set=config.data)
    wanted = config.data or _USUAL_DATA
    spaces = {space.data_set: space for space in map(load_sc_space, sc_spaces())}
    if wanted not in spaces:
        raise InputError(f"no SC-NAS space comes for data set {wanted!r}, but for {', '.join(spaces)}; give --space")
    return spaces[wanted]


def _inputs(recipe: ScRecipe) -> dict[str, str]:
    """InputError where the data are not found or do not suit the networks of the space."""
    from nas.data.catalogue import load_data
    from nas.data.data_set import data_hash
    from nas.stochastic.tuning import TuneSettings
    from nas.train.fitting import require_suited

    space, seed = recipe.space, recipe.settings.seed
    data = load_data(space.data_set, None if recipe.data_folder is None else Path(recipe.data_folder))
    require_suited(data, space.network((0,) * len(space.genes)))
    return {
        "search space": struct_hash(space),
        f"data set {space.data_set}": data_hash(data),
        "training": struct_hash(recipe.settings),
        "tuning": struct_hash(TuneSettings(recipe.tuning_epochs, seed=seed)),
        "energies of stochastic hardware": struct_hash(sc_energies()),
    } | versions(("torch", "scipy"))
