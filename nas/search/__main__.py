"""`python -m nas.search`: find networks for an intermittently powered computer."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from simint.cli import announce_compilation, guarded


def main(argv: list[str] | None = None) -> int:
    """The command; see `--help`."""
    return guarded(lambda: _run(sys.argv[1:] if argv is None else argv))


def _run(words: list[str]) -> int:
    from nas.search.families import Family, family_asked
    from nas.search.options import search_parser

    arguments: argparse.Namespace = search_parser().parse_args(words)
    match family_asked(arguments):
        case Family.STOCHASTIC:
            from nas.search.stochastic.command import command as stochastic

            return stochastic(arguments)
        case Family.CHANNELS:
            from nas.search.channels.command import command as channels

            return channels(arguments)
        case Family.GENOMES:
            return _genomes(arguments)


def _genomes(arguments: argparse.Namespace) -> int:
    from nas.search.options import config_from_arguments, where_from_arguments

    config, where = config_from_arguments(arguments), where_from_arguments(arguments)
    if arguments.print_config:
        from nas.search.config_file import config_toml

        print(config_toml(config), end="")
        return 0
    announce_compilation()
    from nas.search.folder import interrupted

    folder = Path(arguments.out)
    try:
        from nas.search.report import printed, write_report
        from nas.search.session import search

        result = search(config, folder, where, device=arguments.device or "cpu", shown=True)
        if result.finals is None:
            return interrupted(folder)
        write_report(result, result.finals, folder)
        print(printed(result, result.finals, folder))
    except KeyboardInterrupt:
        return interrupted(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
