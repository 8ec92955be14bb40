"""`python -m nas.export MODEL --out DIR`: a trained network as network file, execution design and int16 weights."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

import msgspec

from nas.export.designs import PLATFORM, SUPPLY, best_designs
from simint.cli import Parser, guarded
from simint.errors import InputError
from simint.files import appearing_in, make_folder, require_writable
from simint.tiling.objective import Objective

FILES = "network.json, design.json, weights.npz, weights.h, report.json"


def main(argv: list[str] | None = None) -> int:
    """The command; returns the exit code."""
    return guarded(lambda: _run(_parser().parse_args(argv)))


def _parser() -> Parser:
    parser = Parser(
        prog="python -m nas.export",
        description="Write a trained network for a device: its layer list, the best execution design of every layer, "
        f"and weights in 16-bit fixed point ({FILES}).",
        allow_abbrev=False,
    )
    parser.add_argument("model", metavar="MODEL", type=Path, help="a model.pt of nas.train")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the files, which replace those there"
    )
    parser.add_argument("--data-folder", type=Path, metavar="DIR", help="where the data sets lie")
    parser.add_argument("--test", action="store_true", help="report the test split too")
    parser.add_argument("--platform", default=PLATFORM, help=f"a preset or .toml, default {PLATFORM}")
    parser.add_argument("--supply", default=SUPPLY, help=f"a preset or .toml, default {SUPPLY}")
    parser.add_argument("--capacitor", metavar="C", help="capacitance instead of the supply's, such as 5mF")
    parser.add_argument(
        "--objective",
        choices=[objective.value for objective in Objective],
        help="what the best design is (`simint explore --help`), by default what fits the platform",
    )
    return parser


def _run(arguments: argparse.Namespace) -> int:
    if not arguments.model.is_file():
        raise InputError(f"{arguments.model}: no such model file")
    require_writable(arguments.out)

    # torch is loaded only now, so that help and wrong input answer at once.
    from nas.data.catalogue import load_data
    from nas.data.data_set import open_test
    from nas.export.quantise import calibration_windows, quantise
    from nas.export.report import ExportReport, compare, report_lines
    from nas.export.weights_file import write_header, write_weights
    from nas.train.device import torch_threads
    from nas.train.model_file import data_of, read_model
    from simint.network.json_file import write_network
    from simint.network.nvm import nvm_demand
    from simint.tiling.designs_file import write_designs

    model = read_model(arguments.model)
    network = model.network
    designs = best_designs(network, arguments.platform, arguments.supply, arguments.capacitor, arguments.objective)
    data = data_of(model, load_data(model.record.data, arguments.data_folder), arguments.model)
    module = model.module()
    with torch_threads(1):
        fixed = quantise(module, calibration_windows(data.train.x))
        validation, layers = compare(module, fixed, data.validation)
        test = compare(module, fixed, open_test(data))[0] if arguments.test else None
    report = ExportReport(
        network=network.name,
        data=data.name,
        data_sha256=model.record.data_sha256,
        platform=arguments.platform,
        weight_bytes=nvm_demand(network, 2).weight_bytes,
        validation=validation,
        test=test,
        layers=layers,
    )
    make_folder(arguments.out)
    with appearing_in(arguments.out) as folder:
        write_network(network, folder / "network.json")
        write_designs(folder / "design.json", network.name, network.layers, designs)
        write_weights(folder / "weights.npz", fixed, model.normalisation)
        write_header(folder / "weights.h", fixed, model.normalisation, network.name)
        (folder / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    print("\n".join(report_lines(report)))
    print(f"written to {arguments.out}: {FILES}")
    print(f"replay it with: simint replay {_replay_options(arguments)}")
    return 0


def _replay_options(arguments: argparse.Namespace) -> str:
    words = ["--network", str(arguments.out / "network.json"), "--design", str(arguments.out / "design.json")]
    if arguments.platform != PLATFORM:
        words += ["--platform", arguments.platform]
    if arguments.supply != SUPPLY:
        words += ["--supply", arguments.supply]
    if arguments.capacitor is not None:
        words += ["--capacitor", arguments.capacitor]
    return shlex.join(words)


if __name__ == "__main__":
    sys.exit(main())
