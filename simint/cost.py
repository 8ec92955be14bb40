"""Cost of a table of execution designs in the published model.

The command is `simint cost --designs IN.csv --out OUT.csv`.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from simint.cli import Parser, guarded
from simint.errors import InputError
from simint.files import replacing

if TYPE_CHECKING:
    from simint.tiling.published.table import Column

CHUNK_ROWS = 8192


def evaluate_table(
    columns: Mapping[str, Sequence[object]], where: str = "table", lines: Sequence[int] | None = None
) -> dict[str, Column]:
    """Every quantity of the published model for a table of designs, a row per design.

    `columns` are the input columns of the golden tables by name (text or numbers; a pandas DataFrame will do): model,
    op, H, W, N, R, C, M, Kh, Kw, stride, pad, ccap, rehm, vsup, von, voff, margin, vm_capacity, data_sz, Tr, Tc, Tm,
    Tn, reuse, S. The result has the output columns: energies in J, times in s, NaN where a quantity is not defined.

    Raises InputError naming `where`, the line and the column of a bad field; `lines` are the line numbers of the rows,
    by default those of a file with one header line.
    """
    from simint.tiling.published.table import evaluate_columns

    if lines is None:
        lines = range(2, 2 + max((len(column) for column in columns.values()), default=0))
    return evaluate_columns(columns, where, lines)


def evaluate_file(source: Path, target: Path) -> int:
    """Evaluate a CSV file (plain or .gz) in chunks of rows and return the number of designs.

    `target` gets the input columns as they were and the output columns after them; input columns that are named like
    outputs are computed anew. It appears only when everything is done. Raises InputError for unreadable files and bad
    rows.
    """
    done = 0
    with _text_replacing(target) as out:
        writer = csv.writer(out, lineterminator="\n")
        for names, rows, lines in _chunks(source):
            columns = {name: [row[k] for row in rows] for k, name in enumerate(names)}
            result = evaluate_table(columns, str(source), lines)
            kept = [name for name in names if name not in result]
            if done == 0:
                writer.writerow([*kept, *result])
            texts = [[_text(value) for value in values.tolist()] for values in result.values()]
            writer.writerows(zip(*(columns[name] for name in kept), *texts, strict=True))
            done += len(rows)
    return done


def _chunks(source: Path) -> Iterator[tuple[list[str], list[list[str]], list[int]]]:
    """Column names, rows and their line numbers, some thousand rows at a time; at least one chunk, maybe empty."""
    rows: list[list[str]] = []
    lines: list[int] = []
    names: list[str] | None = None
    for line, row in _rows(source):
        if names is None:
            names = row
            if len(set(names)) != len(names):
                raise InputError(f"{source}, line {line}: a column name occurs twice")
            continue
        if len(row) != len(names):
            raise InputError(f"{source}, line {line}: {len(row)} fields, expected {len(names)} as in the header")
        rows.append(row)
        lines.append(line)
        if len(rows) == CHUNK_ROWS:
            yield names, rows, lines
            rows, lines = [], []
    if names is None:
        raise InputError(f"{source}: empty; a header line with column names is expected")
    if rows or not lines:
        yield names, rows, lines


def _rows(source: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields of every row that is not blank; InputError for whatever goes wrong while reading."""
    try:
        binary = gzip.GzipFile(source) if source.suffix == ".gz" else open(source, "rb")  # noqa: SIM115
        with io.TextIOWrapper(binary, encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text)
            for row in reader:
                if row:
                    yield reader.line_num, row
    except (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error) as error:
        raise InputError(f"{source}: cannot be read ({getattr(error, 'strerror', None) or error})") from None


def _text(value: float | int | str) -> str:
    """As in the golden tables: the shortest text that reads back as the same number, nothing where undefined."""
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        if value.is_integer() and abs(value) < 2**53:
            return str(int(value))
    return str(value)


@contextmanager
def _text_replacing(target: Path) -> Iterator[TextIO]:
    """A text file, packed where its name says so, that takes the place of `target` when the block ends well."""
    with replacing(target) as draft, open(draft, "wb") as raw:
        packed = gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) if target.suffix == ".gz" else raw
        with io.TextIOWrapper(packed, encoding="utf-8", newline="") as out:
            yield out


def main(argv: list[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = Parser(prog="simint cost", description=(__doc__ or "").split("\n")[0], allow_abbrev=False)
    parser.add_argument(
        "--designs",
        type=Path,
        required=True,
        metavar="IN.csv",
        help="table of designs, plain or .gz",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="OUT.csv", help="where to write it with its costs")

    def body() -> int:
        arguments = parser.parse_args(argv)
        done = evaluate_file(arguments.designs, arguments.out)
        print(f"{done} designs evaluated, written to {arguments.out}")
        return 0

    return guarded(body)


if __name__ == "__main__":
    raise SystemExit(main())
