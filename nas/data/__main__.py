"""The data sets for search and training: `python -m nas.data list` and `python -m nas.data show NAME`."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from simint.cli import Parser, guarded
from simint.errors import InputError


def main(argv: list[str] | None = None) -> int:
    """The command; returns the exit code."""
    return guarded(lambda: _run(_parser().parse_args(argv)))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m nas.data",
        description="Data sets for search and training: where they are found, and how they are split and normalised.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="all data sets, and where each was found", allow_abbrev=False)
    show = commands.add_parser(
        "show", help="shapes, counts, subjects, normalisation and hash of one data set", allow_abbrev=False
    )
    for command in (listing, show):
        command.add_argument(
            "--data-folder",
            dest="folder",
            type=Path,
            metavar="DIR",
            help="where data sets lie; by default the folder SIMINT_DATA names, else shared/data beside the project",
        )
    show.add_argument("name", metavar="NAME", help="a data set of the list")
    show.add_argument("--subjects", metavar="LIST", help="subjects held out for validation, such as 3,8,15")
    show.add_argument("--share", type=float, metavar="X", help="share held out for validation, 0 to 1")
    show.add_argument("--seed", type=int, metavar="N", help="draws the share, default 0")
    show.add_argument("--normalise", metavar="OVER", help="channel, feature, position or range")
    show.add_argument("--resolution", type=int, metavar="R", help="resize to this height")
    show.add_argument("--plot", type=Path, metavar="FILE.png", help="draw a few training samples of every class")
    show.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    # Arrays and tables are loaded only now, so that help and wrong words answer at once.
    from nas.data.report import print_list

    folder: Path | None = arguments.folder
    if folder is not None and not folder.is_dir():
        raise InputError(f"--data-folder {folder}: not a folder")
    if arguments.command == "list":
        print_list(folder)
        return 0
    return _show(arguments)


def _show(arguments: argparse.Namespace) -> int:
    from nas.data.catalogue import load_data
    from nas.data.holdout import Holdout
    from nas.data.normalisation import check_statistics
    from nas.data.plot import draw_examples
    from nas.data.report import data_report, print_report, report_json

    holdout = None
    if arguments.subjects is not None:
        if arguments.share is not None or arguments.seed is not None:
            raise InputError("--subjects: not together with --share or --seed")
        holdout = Holdout(subjects=_subjects(arguments.subjects))
    elif arguments.share is not None:
        holdout = Holdout(share=arguments.share, seed=arguments.seed or 0)
    elif arguments.seed is not None:
        raise InputError("--seed: only together with --share")
    statistics = None if arguments.normalise is None else check_statistics(arguments.normalise, "--normalise")
    if arguments.plot is not None and arguments.plot.suffix != ".png":
        raise InputError(f"--plot {arguments.plot}: the name must end in .png")
    data = load_data(arguments.name, arguments.folder, holdout, statistics)
    if arguments.resolution is not None:
        data = data.resized(arguments.resolution)
    report = data_report(data)
    if arguments.plot is not None:
        draw_examples(data, arguments.plot)
    if arguments.json:
        print(report_json(report))
    else:
        print_report(report)
    return 0


def _subjects(text: str) -> tuple[int, ...]:
    words = text.split(",")
    if not all(re.fullmatch(r"\d{1,6}", word.strip()) for word in words):
        raise InputError(f"--subjects: whole numbers with commas between them, got {text!r}")
    return tuple(int(word) for word in words)


if __name__ == "__main__":
    raise SystemExit(main())
