"""All 19,929 published designs, through the command and its table function."""

from __future__ import annotations

import csv
import gzip
import math
from pathlib import Path

import numpy as np
import pytest

from simint.cost import evaluate_table, main

TEXT = {"model", "op", "reuse", "reason"}


def read_table(path: Path) -> dict[str, list[str]]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else open(path) as file:
        header, *rows = csv.reader(file)
    return {name: [row[k] for row in rows] for k, name in enumerate(header)}


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict[str, list[str]]:
    return read_table(shared / "spec" / "golden" / "designs_public.csv.gz")


@pytest.fixture(scope="module")
def recomputed(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    out = tmp_path_factory.mktemp("cost") / "out.csv.gz"
    assert main(["--designs", str(shared / "spec" / "golden" / "designs_public.csv.gz"), "--out", str(out)]) == 0
    return read_table(out)


def test_same_columns_in_the_same_order(golden: dict[str, list[str]], recomputed: dict[str, list[str]]) -> None:
    assert list(recomputed) == list(golden)
    assert len(recomputed["id"]) == 19929


def test_texts_and_feasibility_agree(golden: dict[str, list[str]], recomputed: dict[str, list[str]]) -> None:
    for name in TEXT:
        assert recomputed[name] == golden[name], name


def test_every_number_agrees_to_1e_12(golden: dict[str, list[str]], recomputed: dict[str, list[str]]) -> None:
    for name in golden.keys() - TEXT:
        got, want = (np.array([text or "nan" for text in table[name]], dtype=float) for table in (recomputed, golden))
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=0, equal_nan=True, err_msg=name)


def test_integers_agree_exactly(golden: dict[str, list[str]], recomputed: dict[str, list[str]]) -> None:
    whole = ("Tri", "Tci", "B_in", "B_w", "B_out", "vm_bytes", "num_tiles", "nvm_feat_bytes", "nvm_weight_bytes")
    for name in (*whole, "flops_layer", "macs_layer", "flops_tile", "macs_tile"):
        assert recomputed[name] == golden[name], name


def test_table_function_gives_the_numbers_of_the_command(
    golden: dict[str, list[str]], recomputed: dict[str, list[str]]
) -> None:
    some = {name: column[::97] for name, column in golden.items()}
    result = evaluate_table(some)
    for name in ("Le2e", "E_cp", "cont_L"):
        wanted = [float(text) if text else math.nan for text in recomputed[name][::97]]
        assert result[name].tolist() == pytest.approx(wanted, rel=0, abs=0, nan_ok=True)
