"""What a channel search is asked on the command line and in a file, and the points that this is."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Literal

import msgspec

from nas.methods.dnas.config import DnasConfig, Memory, Objective
from nas.methods.dnas.settings import DnasSettings
from nas.search.config import ReplayChoice
from nas.search.options import changed, quantity, replay_fields
from nas.space.target import Target, retargeted
from simint.config import load_toml
from simint.errors import InputError

_MLPERF = ("resnet8", "dscnn", "mobilenetv1-025", "autoencoder")
_WITHOUT_SEARCH = 2 / 3  # epochs of warm-up, and of fine-tuning, for each of the search: as in DnasSettings


class ChannelsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points of a channel search: every memory limit with every strength and seed; the rest as in `DnasConfig`.

    Seeds are `seed` and so many from there on that there are `repeats`. `finalists`: so many points of the front, and
    the seed network, are replayed at the end, none for 0. `test`: the test split is opened at the end.
    """

    method: Literal["dnas"] = "dnas"
    seed_net: str
    data: str
    data_folder: str | None = None
    memories: tuple[str, ...] = ("50%",)
    memory_of: Memory = Memory.NVM
    objective: Objective = Objective.ENERGY
    strengths: tuple[float, ...] = (0.1,)
    target: Target = msgspec.field(default_factory=lambda: Target(platform="msp430fr5994"))
    settings: DnasSettings = msgspec.field(default_factory=DnasSettings)
    seed: int = 0
    repeats: int = 1
    replay: ReplayChoice = ReplayChoice()
    finalists: int = 12
    test: bool = False

    def __post_init__(self) -> None:
        for field in ("memories", "strengths"):
            values = getattr(self, field)
            if not values or len(set(values)) != len(values):
                raise InputError(f"`{field}`: different values expected, got {list(values)}")
        if self.repeats < 1:
            raise InputError(f"`repeats` must be at least 1, got {self.repeats}")
        if self.finalists < 0:
            raise InputError(f"`finalists` must be at least 0, got {self.finalists}")
        channel_points(self)


def channel_points(config: ChannelsConfig) -> tuple[DnasConfig, ...]:
    """All points, in order of seed, memory and strength."""
    return tuple(
        DnasConfig(
            seed_net=config.seed_net,
            data=config.data,
            data_folder=config.data_folder,
            memory=memory,
            memory_of=config.memory_of,
            objective=config.objective,
            strength=strength,
            target=config.target,
            settings=config.settings,
            seed=seed,
        )
        for seed in range(config.seed, config.seed + config.repeats)
        for memory in config.memories
        for strength in config.strengths
    )


def channels_config(arguments: argparse.Namespace) -> ChannelsConfig:
    """The configuration of the file given, options in place of its fields; InputError names the option or field."""
    if arguments.objective is not None and len(arguments.objective) > 1:
        raise InputError(f"--objective: method dnas takes one, got {', '.join(arguments.objective)}")
    for option, kind, given in (
        ("--objective", Objective, (arguments.objective or [None])[0]),
        ("--memory-of", Memory, arguments.memory_of),
    ):
        if given is not None and given not in tuple(kind):
            raise InputError(f"{option}: method dnas takes {', '.join(kind)}; got {given!r}")
    word = f"mlperf:{arguments.seed_net}" if arguments.seed_net in _MLPERF else arguments.seed_net
    if arguments.config is not None:
        base = load_toml(Path(arguments.config), ChannelsConfig)
    elif word is None:
        raise InputError("method dnas: give --seed-net, such as resnet8, dscnn, mobilenetv1-025 or mbconv:...")
    elif arguments.data is None:
        raise InputError("method dnas: give --data, the data set that the seed network is for")
    else:
        base = ChannelsConfig(seed_net=word, data=arguments.data)
    target = retargeted(
        base.target,
        platform=arguments.platform,
        capacitance=quantity(arguments.capacitor, "F", "--capacitor"),
        resistance=quantity(arguments.source_resistance, "ohm", "--source-resistance"),
    )
    config: ChannelsConfig = changed(
        base,
        {
            "seed_net": word,
            "data": arguments.data,
            "data_folder": arguments.data_folder,
            "memories": None if arguments.memory is None else tuple(arguments.memory),
            "memory_of": arguments.memory_of,
            "objective": None if arguments.objective is None else arguments.objective[0],
            "strengths": None if arguments.strength is None else tuple(arguments.strength),
            "target": None if target == base.target else target,
            "settings": None if arguments.epochs is None else _shortened(base.settings, arguments.epochs),
            "seed": arguments.seed,
            "repeats": arguments.repeats,
            "replay": changed(base.replay, replay_fields(arguments)),
            "finalists": arguments.finalists,
            "test": True if arguments.test else None,
        },
    )
    return config


def _shortened(settings: DnasSettings, epochs: int) -> DnasSettings:
    others = max(1, round(_WITHOUT_SEARCH * epochs))
    return msgspec.structs.replace(
        settings,
        epochs=epochs,
        warm_up=msgspec.structs.replace(settings.warm_up, epochs=others),
        fine_tune=msgspec.structs.replace(settings.fine_tune, epochs=others),
    )
