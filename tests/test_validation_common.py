"""What the programs of docs/validation share."""

from __future__ import annotations

from pathlib import Path

import pytest
from validation_scripts import FOLDER, validation_script

from simint.errors import InputError

common = validation_script("common")


def test_a_table_is_aligned_markdown() -> None:
    table = common.Table(["name", "s"], [["a", "1.25"], ["long name", "12.5"]], "**Times**")
    assert table.markdown().splitlines() == [
        "**Times**",
        "",
        "| name      |    s |",
        "| --------- | ---: |",
        "| a         | 1.25 |",
        "| long name | 12.5 |",
    ]


def test_a_ragged_table_is_refused() -> None:
    with pytest.raises(ValueError, match="every row needs 2 cells"):
        common.Table(["a", "b"], [["1"]], "t").markdown()


def test_a_program_prints_its_report_and_writes_it_only_where_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def make(data: Path, options: object) -> object:
        return common.Report(f"data in {data.name}", [common.Table(["a"], [["1"]])])

    data, out = tmp_path / "data", tmp_path / "report.md"
    data.mkdir()
    assert common.run(common.parser("t"), make, ["--data", str(data)]) == 0
    printed = capsys.readouterr().out
    assert printed.endswith("data in data\n")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert common.run(common.parser("t"), make, ["--data", str(data), "--out", str(out)]) == 0
    assert out.read_text() == printed == capsys.readouterr().out


def test_a_missing_data_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def make(data: Path, options: object) -> object:
        raise AssertionError

    assert common.run(common.parser("t"), make, ["--data", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err
    with pytest.raises(InputError, match="SIMINT_SHARED"):
        common.data_folder(tmp_path / "nowhere")


def test_errors_are_signed_and_their_percentiles_absolute() -> None:
    errors = [common.error_percent(predicted, 2.0) for predicted in (1.0, 2.0, 2.5)]
    assert errors == [-50.0, 0.0, 25.0]
    assert common.median_and_90th(errors) == (25.0, pytest.approx(45.0))


def test_every_program_of_the_page_exists() -> None:
    page = (FOLDER.parent / "validation.md").read_text()
    named = [line.split()[1] for line in page.splitlines() if line.startswith("    python docs/validation/")]
    assert named
    assert all((FOLDER.parent.parent / name).is_file() for name in named), named
