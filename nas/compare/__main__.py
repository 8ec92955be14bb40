"""`python -m nas.compare DIR...`: what searches found next to what was published."""

from __future__ import annotations

import csv
import shlex
import sys
from pathlib import Path

from simint.cli import Parser, announce_compilation, guarded
from simint.errors import InputError


def main(argv: list[str] | None = None) -> int:
    """The command; see `--help`."""
    return guarded(lambda: _run(sys.argv[1:] if argv is None else argv))


def _parser() -> Parser:
    parser = Parser(
        prog="python -m nas.compare",
        allow_abbrev=False,
        description="Networks that searches found next to the published ones of their data set, under the same cost "
        "model and the same replays: a table, a picture of the fronts, and one HTML page.",
    )
    parser.add_argument("folders", nargs="+", metavar="DIR", help="folders of python -m nas.search")
    parser.add_argument("--out", metavar="DIR", help="where compare.csv, .png and .html go (default: the first folder)")
    parser.add_argument("--most", metavar="N", type=int, default=12, help="networks of each front (default: 12)")
    return parser


def _run(words: list[str]) -> int:
    arguments = _parser().parse_args(words)
    if arguments.most < 1:
        raise InputError(f"--most must be at least 1, got {arguments.most}")
    announce_compilation()
    from nas.compare.comparing import compared, comparison_table, verdict
    from nas.compare.page import page_html, picture
    from simint.files import appearing_in

    paths = [Path(folder) for folder in arguments.folders]
    if len({path.resolve() for path in paths}) < len(paths):
        raise InputError(f"the same folder is given twice: {', '.join(arguments.folders)}")
    out = paths[0] if arguments.out is None else Path(arguments.out)
    if arguments.out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{out}: cannot be made ({error.strerror or error})") from None
    entrants = compared(paths, arguments.most)
    table, said = comparison_table(entrants), verdict(entrants)
    names = ", ".join(path.resolve().name for path in paths)
    title = f"{names} and published networks" if any(entrant.published for entrant in entrants) else names
    notes = [
        "IMO is a share of active time and falls when work grows: overhead in seconds stands beside it.",
        "Accuracy is validation accuracy by the measure of the search; inferences a day: median over its traces.",
    ]
    image = picture(entrants, title)
    with appearing_in(out) as folder:
        (folder / "compare.png").write_bytes(image)
        page = page_html(title, said, notes, table, image, f"python -m nas.compare {shlex.join(words)}")
        (folder / "compare.html").write_text(page, encoding="utf-8")
        with open(folder / "compare.csv", "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(
                [("word", *table.headings)]
                + [(entrant.word, *row) for entrant, row in zip(entrants, table.rows, strict=True)]
            )
    print(table.aligned())
    print(said)
    print(f"{out}: compare.csv, compare.png, compare.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
