"""`python -m nas.compare DIR...`: what searches found next to what was published."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from nas.search.options import quantity
from simint.cli import Parser, announce_compilation, guarded
from simint.errors import InputError


def main(argv: list[str] | None = None) -> int:
    """The command; see `--help`."""
    return guarded(lambda: _run(sys.argv[1:] if argv is None else argv))


def _parser() -> Parser:
    parser = Parser(
        prog="python -m nas.compare",
        allow_abbrev=False,
        description="Networks that searches found, by whatever methods, next to the published ones of their data set, "
        "all under one cost model and the same replays: a table, a picture, and one HTML page.",
    )
    parser.add_argument("folders", nargs="+", metavar="DIR", help="folders of python -m nas.search, of any method")
    parser.add_argument("--out", metavar="DIR", help="where compare.csv, .png and .html go (default: the first folder)")
    parser.add_argument("--most", metavar="N", type=int, default=12, help="networks of each front (default: 12)")
    parser.add_argument(
        "--platform", metavar="NAME", help="price for this one (default: what the first was searched for)"
    )
    parser.add_argument("--capacitor", metavar="C", help="such as 470uF (default: as with --platform)")
    parser.add_argument(
        "--source-resistance", metavar="R", help="of the model's source (default: as calibrated for it)"
    )
    return parser


def _run(words: list[str]) -> int:
    arguments = _parser().parse_args(words)
    if arguments.most < 1:
        raise InputError(f"--most must be at least 1, got {arguments.most}")
    capacitance = quantity(arguments.capacitor, "F", "--capacitor")
    resistance = quantity(arguments.source_resistance, "ohm", "--source-resistance")
    announce_compilation()
    from nas.compare.comparing import compared, sentences
    from nas.compare.notes import comparison_notes, comparison_title
    from nas.compare.page import page_html
    from nas.compare.picture import picture
    from nas.compare.tables import comparison_table, printed_table, write_comparison
    from simint.files import appearing_in, make_folder, require_writable
    from simint.report.status import StatusLine

    paths = [Path(folder) for folder in arguments.folders]
    out = paths[0] if arguments.out is None else Path(arguments.out)
    if arguments.out is not None or out.is_dir():
        require_writable(out)
    with StatusLine() as line:

        def say(what: str) -> None:
            print(what, file=sys.stderr, flush=True)

        def show(done: int, total: int) -> None:
            if line.due():
                line.show(f"{done} of {total} networks replayed", done, total)

        found = compared(paths, arguments.most, arguments.platform, capacitance, resistance, show, say)
    title, table, notes = comparison_title(found), comparison_table(found.entrants), comparison_notes(found)
    said = sentences(found.entrants)
    image = picture(found.entrants, title)
    make_folder(out)
    with appearing_in(out) as folder:
        (folder / "compare.png").write_bytes(image)
        page = page_html(title, said, notes, table, image, f"python -m nas.compare {shlex.join(words)}")
        (folder / "compare.html").write_text(page, encoding="utf-8")
        write_comparison(folder / "compare.csv", found)
    print("\n".join([printed_table(table), *said, *(f"note: {note}" for note in notes)]))
    print(f"{out}: compare.csv, compare.png, compare.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
