"""Command-line options that replace parts of a space's target."""

from __future__ import annotations

import argparse

from nas.space.target import Target, retargeted
from simint.errors import InputError
from simint.units import parse_quantity


def add_target_options(parser: argparse.ArgumentParser) -> None:
    """Add --platform, --capacitor, --source-resistance, --margin and --nvm, by default those of the space."""
    group = parser.add_argument_group("hardware", "in place of what the space names")
    group.add_argument("--platform", metavar="NAME", help="platform preset of the published cost model")
    group.add_argument("--capacitor", metavar="C", help="capacitance of the storage capacitor, such as 470uF")
    group.add_argument(
        "--source-resistance",
        "--resistance",
        dest="resistance",
        metavar="R",
        help="resistance of the source, such as 2.8kohm; default: calibrated for C",
    )
    group.add_argument("--margin", metavar="SHARE", help="share of the stored energy that a power cycle may use")
    group.add_argument("--nvm", metavar="BYTES", type=int, help="non-volatile memory, each chip and in total")


def target_from(arguments: argparse.Namespace, target: Target) -> Target:
    """The target with the options of `add_target_options` that were given; InputError names the wrong one."""
    if arguments.nvm is not None and arguments.nvm < 1:
        raise InputError(f"--nvm: at least 1 byte, got {arguments.nvm}")
    return retargeted(
        target,
        platform=arguments.platform,
        capacitance=_quantity(arguments.capacitor, "F", "--capacitor"),
        resistance=_quantity(arguments.resistance, "ohm", "--source-resistance"),
        margin=_quantity(arguments.margin, "", "--margin"),
        nvm_bytes=arguments.nvm,
    )


def _quantity(text: str | None, unit: str, option: str) -> float | None:
    if text is None:
        return None
    value = parse_quantity(text, unit, option)
    if not value > 0:
        raise InputError(f"{option}: must be positive, got {text}")
    return value
