"""`python -m nas.data`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from nas_data_files import har_arrays, write_har_windows

from nas.data import data_hash, load_data
from nas.data.__main__ import main

pytest.importorskip("sklearn", reason="the digits come with scikit-learn")


def test_list_says_where_each_was_found(tmp_path: Path, capsys) -> None:
    write_har_windows(tmp_path, har_arrays())
    assert main(["list", "--data-folder", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert f"in {tmp_path}" in out
    assert out.count("not found:") == 5
    assert "scikit-learn load_digits" in out


def test_show_prints_counts_subjects_and_hashes(tmp_path: Path, capsys) -> None:
    write_har_windows(tmp_path, har_arrays())
    assert main(["show", "har", "--data-folder", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    data = load_data("har", tmp_path)
    assert data_hash(data) in out
    assert data.source in out
    assert "validation: subjects 5, 11, 17, 23, 28" in out
    assert "test: subjects 2, 4" in out


def test_show_as_json_with_options(tmp_path: Path, capsys) -> None:
    write_har_windows(tmp_path, har_arrays())
    words = ["show", "har", "--data-folder", str(tmp_path), "--subjects", "1,3", "--resolution", "64", "--json"]
    assert main([*words, "--normalise", "position"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["input_shape"] == [9, 64, 1]
    assert report["statistics_shape"] == [9, 128, 1]
    by_name = {split["name"]: split for split in report["splits"]}
    assert by_name["validation"]["groups"] == [1, 3]
    assert by_name["train"]["samples"] == 5 * 18
    assert by_name["test"]["per_class"] == [6] * 6


@pytest.mark.parametrize("words", [["digits"], ["har", "--resolution", "32"]])
def test_the_picture_is_written(tmp_path: Path, words: list[str]) -> None:
    write_har_windows(tmp_path, har_arrays())
    picture = tmp_path / "examples.png"
    assert main(["show", *words, "--data-folder", str(tmp_path), "--plot", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert {file.name for file in tmp_path.iterdir()} == {"examples.png", "har_windows.npz"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "required"),
        (["show"], "required"),
        (["show", "nothing"], "got 'nothing'"),
        (["show", "har", "--data-folder", "no/such/folder"], "not a folder"),
        (["show", "digits", "--normalise", "all"], "--normalise: channel or feature or position or range, got 'all'"),
        (["show", "digits", "--resolution", "0"], "resolution: 1 to 32"),
        (["show", "digits", "--subjects", "one"], "whole numbers with commas"),
        (["show", "digits", "--subjects", "1", "--share", "0.1"], "not together"),
        (["show", "digits", "--seed", "1"], "only together with --share"),
        (["show", "digits", "--share", "nan"], "a share above 0 and below 1"),
        (["show", "digits", "--plot", "examples.txt"], "must end in .png"),
        (["show", "digits", "--plot", "no/such/folder/a.png"], "cannot be written"),
    ],
)
def test_mistakes_are_one_line(words: list[str], message: str, capsys) -> None:
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err


def test_range_needs_a_known_range(tmp_path: Path, capsys) -> None:
    write_har_windows(tmp_path, har_arrays())
    assert main(["show", "har", "--data-folder", str(tmp_path), "--normalise", "range"]) == 2
    assert "har: its values have no fixed range" in capsys.readouterr().err


def test_data_not_found_names_an_option_of_every_command(tmp_path: Path, capsys) -> None:
    """The message is the same wherever data is wanted, so the option it names has to be."""
    from nas.train.__main__ import main as train

    assert main(["show", "har", "--data-folder", str(tmp_path)]) == 2
    shown = capsys.readouterr().err
    words = ["tinas-har-l25", "--data", "har", "--out", str(tmp_path / "out")]
    assert train([*words, "--data-folder", str(tmp_path)]) == 2
    assert capsys.readouterr().err == shown
    assert "--data-folder" in shown
