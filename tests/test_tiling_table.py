"""The cost command and its table function: bad rows, files, and nothing half-written."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from simint import cost
from simint.errors import InputError
from simint.hardware.presets import load_platform
from simint.network.layer import Layer, LayerKind
from simint.tiling.design import ExecutionDesign
from simint.tiling.published.evaluate import evaluate_design

# The stem convolution of the specification's worked example 1.
ROW = {
    **{"model": "tinas2024", "op": "CONV2D", "H": "32", "W": "32", "N": "3", "R": "32", "C": "32", "M": "16"},
    **{"Kh": "3", "Kw": "3", "stride": "1", "pad": "1", "ccap": "0.005", "rehm": "2800", "vsup": "5.892"},
    **{"von": "4.535", "voff": "3.29", "margin": "0.6", "vm_capacity": "2048", "data_sz": "2"},
    **{"Tr": "8", "Tc": "8", "Tm": "8", "Tn": "1", "reuse": "O", "S": "1"},
}


def columns(*rows: dict[str, str]) -> dict[str, list[str]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_row_equals_the_evaluation_of_the_design() -> None:
    layer = Layer(name="s", kind=LayerKind.CONV, ifm=(3, 32, 32), ofm=(16, 32, 32), kernel=(3, 3), pad=(1, 1, 1, 1))
    want = evaluate_design(layer, ExecutionDesign(tr=8, tc=8, tm=8), load_platform("msp430fr5994-tinas2024"))
    got = cost.evaluate_table(columns(ROW))
    assert got["Le2e"].tolist() == [want.latency_s]
    assert got["E_fd_ngt0"].tolist() == [want.energy.fetch_later]
    assert got["reason"].tolist() == ["OK"]
    assert got["macs_layer"].tolist() == [layer.macs]


def test_numbers_do_as_well_as_text() -> None:
    numbers = {
        name: [v if name in ("model", "op", "reuse") else float(v) if "." in v else int(v)] for name, v in ROW.items()
    }
    assert cost.evaluate_table(numbers)["Le2e"] == cost.evaluate_table(columns(ROW))["Le2e"]


def test_order_of_rows_and_mixture_of_variants_do_not_matter() -> None:
    inas = ROW | {"model": "inas2021", "pad": "0", "R": "30", "C": "30", "Tr": "10", "Tc": "10", "vsup": "6"}
    both = cost.evaluate_table(columns(inas, ROW))
    assert both["E_cp"].tolist() == [
        *cost.evaluate_table(columns(inas))["E_cp"],
        *cost.evaluate_table(columns(ROW))["E_cp"],
    ]


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"model": "tinas2025"}, "model"),
        ({"op": "CONV3D"}, "op"),
        ({"model": "inas2021", "op": "BN"}, "op"),
        ({"H": "thirty"}, "H"),
        ({"N": "0"}, "N"),
        ({"N": "3.5"}, "N"),
        ({"M": "99999999999999999999"}, "M"),
        ({"Kh": ""}, "Kh"),
        ({"pad": "-1"}, "pad"),
        ({"R": "31"}, "R"),
        ({"C": "31"}, "C"),
        ({"op": "DW2D"}, "M"),
        ({"op": "RELU", "M": "3", "R": "31"}, "R"),
        ({"op": "GAVGPOOL", "M": "3"}, "R"),
        ({"op": "BN", "M": "3"}, "reuse"),
        ({"reuse": "X"}, "reuse"),
        ({"op": "DW2D", "M": "3", "Tn": "3"}, "Tn"),
        ({"Tr": ""}, "Tr"),
        ({"S": "x"}, "S"),
        ({"ccap": "nan"}, "ccap"),
        ({"rehm": "-5"}, "rehm"),
        ({"von": "6"}, "von"),
        ({"voff": "4.6"}, "voff"),
        ({"margin": "1.2"}, "margin"),
        ({"data_sz": "0"}, "data_sz"),
    ],
)
def test_a_bad_row_is_refused_with_file_line_and_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, str], column: str
) -> None:
    source = write(tmp_path / "in.csv", [ROW, ROW | change])
    out = tmp_path / "out.csv"
    assert cost.main(["--designs", str(source), "--out", str(out)]) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"error: {source}, line 3, column {column}: got ")
    assert message.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_files_that_are_not_tables_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = gzip.compress(write(tmp_path / "good.csv", [ROW] * 300).read_bytes())
    files = {
        "missing.csv": None,
        "empty.csv": b"",
        "binary.csv": b"\xff\xfe\x00\x01",
        "plain.csv.gz": b"model,op\n",
        "cut.csv.gz": good[: len(good) // 2],
        "columns.csv": b"model,op\ntinas2024,FC\n",
        "twice.csv": b"model,model\n1,2\n",
        "short.csv": (",".join(ROW) + "\n1,2,3\n").encode(),
    }
    for name, content in files.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        assert cost.main(["--designs", str(tmp_path / name), "--out", str(tmp_path / "out.csv")]) == 2, name
        assert name in capsys.readouterr().err
    assert cost.main(["--designs", str(tmp_path / "good.csv"), "--out", str(tmp_path / "none" / "out.csv")]) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()


def test_a_failed_run_leaves_the_old_result_alone(tmp_path: Path) -> None:
    source, out = write(tmp_path / "in.csv", [ROW, ROW | {"S": "x"}]), tmp_path / "out.csv"
    out.write_text("kept")
    assert cost.main(["--designs", str(source), "--out", str(out)]) == 2
    assert out.read_text() == "kept"


def test_chunks_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [ROW | {"Tr": str(tile)} for tile in (1, 2, 4, 8, 16, 32)] * 3
    source = write(tmp_path / "in.csv", rows)
    assert cost.main(["--designs", str(source), "--out", str(tmp_path / "whole.csv")]) == 0
    monkeypatch.setattr(cost, "CHUNK_ROWS", 4)
    assert cost.main(["--designs", str(source), "--out", str(tmp_path / "parts.csv.gz")]) == 0
    assert gzip.decompress((tmp_path / "parts.csv.gz").read_bytes()) == (tmp_path / "whole.csv").read_bytes()


def test_other_columns_pass_through_and_stale_outputs_are_replaced(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", [{"note": "a, b", "Le2e": "0"} | ROW])
    assert cost.main(["--designs", str(source), "--out", str(source)]) == 0
    with open(source) as file:
        row = next(csv.DictReader(file))
    assert row["note"] == "a, b"
    assert float(row["Le2e"]) == pytest.approx(130.99315102299374, rel=1e-12)


def test_an_empty_table_gives_an_empty_table(tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(",".join(ROW) + "\n")
    assert cost.main(["--designs", str(source), "--out", str(out)]) == 0
    assert len(out.read_text().splitlines()) == 1


def test_a_table_without_a_line_of_input_says_which_columns_it_needs() -> None:
    with pytest.raises(InputError, match="missing columns: model, op"):
        cost.evaluate_table({})
