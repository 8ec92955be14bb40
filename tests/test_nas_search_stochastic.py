"""`python -m nas.search --method sc-nas`: its files say what the models say, and it goes on after any end."""

from __future__ import annotations

import csv
import itertools
import os
import shutil
import signal
from pathlib import Path

import msgspec
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from search_cases import search_process, stored, wait_for_rows

from nas.methods.sc.baselines import whole_space
from nas.methods.sc.hardware import ScHardware
from nas.methods.sc.space import ScSpace, load_sc_space
from nas.search.__main__ import main
from nas.search.folder import STORE
from nas.search.stochastic.config import (
    StochasticConfig,
    least_energy,
    loose_limit,
    most_energy,
    prepare_stochastic,
)
from nas.stochastic.energy import sc_energies
from nas.store.store import read_records
from simint.config import load_toml
from simint.units import format_quantity

SPACE = """
name = "small"
data_set = "digits"
input_shape = [1, 8, 8]
classes = 10
layers = 2
kernels = [3]
channels = [2, 4]
stride = 2
blocks = [1]
"""
LIMIT_J = 0.5e-9


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("space")
    (folder / "small.toml").write_text(SPACE, encoding="utf-8")
    config = 'energy_max = "0.5nJ"\nevaluations = 4\nepochs = 1\ntuning_epochs = 0\n'
    (folder / "config.toml").write_text(config, encoding="utf-8")
    return [str(folder / "config.toml"), "--method", "sc-nas", "--space", str(folder / "small.toml")]


@pytest.fixture(scope="module")
def finished(words: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stochastic") / "run"
    assert main([*words, "--workers", "1", "--out", str(folder)]) == 0
    return folder


def rows_of(folder: Path, stage: str) -> list[dict[str, str]]:
    with open(folder / "evaluations.csv", encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["stage"] == stage]


def small_space(words: list[str]) -> ScSpace:
    return load_sc_space(words[4])


def test_every_row_has_the_costs_of_its_word_and_keeps_the_limit(finished: Path, words: list[str]) -> None:
    space, energies = small_space(words), sc_energies()
    found = rows_of(finished, "sc-nas")
    assert len(found) == 4
    for stage, of in (("sc-nas", space), ("pure", whole_space(space))):
        for row in rows_of(finished, stage):
            (cost,) = ScHardware(of, energies).costs([of.genome(row["word"])])
            assert float(row["energy_j"]) == cost.active_j
            assert float(row["macs"]) == cost.macs
            assert float(row["weight_bytes"]) == cost.weight_bytes
            assert 0 <= float(row["accuracy_percent"]) <= 100
    assert all(float(row["energy_j"]) <= LIMIT_J for row in found)
    for row in rows_of(finished, "floating"):
        # One multiply-add in float32 and in int8 for each of the network's.
        assert float(row["energy_j"]) == pytest.approx(float(row["macs"]) * energies.float32.mac, rel=1e-12)
        assert float(row["int8_j"]) == pytest.approx(float(row["macs"]) * energies.int8.mac, rel=1e-12)


def test_the_front_is_what_no_other_design_beats(finished: Path) -> None:
    found = rows_of(finished, "sc-nas")
    points = [(float(row["energy_j"]), -float(row["accuracy_percent"])) for row in found]
    for row, own in zip(found, points, strict=True):
        beaten = any(a <= own[0] and b <= own[1] and (a, b) != own for a, b in points)
        assert (row["on_front"] == "yes") == (not beaten)


def test_the_report_has_the_baselines_and_counts(finished: Path) -> None:
    text = (finished / "report.md").read_text(encoding="utf-8")
    for part in ("|full|", "|contracted|", "4 evaluated", "float32", "int8", "pure SC", "search efficiency", "front:"):
        assert part in text
    best = max(float(row["accuracy_percent"]) for row in rows_of(finished, "sc-nas"))
    assert f"SC-NAS best:      {best:.1f} %" in text
    assert "test accuracy" not in text


def test_again_it_measures_nothing(finished: Path, words: list[str]) -> None:
    """Without the trained networks: whatever was measured again would train some."""
    before = {name: (finished / name).read_bytes() for name in ("evaluations.csv", "report.md")}
    rows = read_records(finished / STORE)
    (finished / "trained").rename(finished / "away")
    try:
        assert main([*words, "--workers", "1", "--out", str(finished)]) == 0
        assert not (finished / "trained").exists()
    finally:
        (finished / "away").rename(finished / "trained")
    assert {name: (finished / name).read_bytes() for name in before} == before
    assert len(read_records(finished / STORE)) == len(rows)


def test_the_test_split_is_measured_once_more_and_kept(finished: Path, words: list[str]) -> None:
    before, known = (finished / "evaluations.csv").read_bytes(), stored(finished)
    for _ in range(2):
        assert main([*words, "--workers", "1", "--test", "--out", str(finished)]) == 0
        assert (finished / "evaluations.csv").read_bytes() == before
        tested = {key: row for key, row in stored(finished).items() if key not in known}
        assert {fidelity for _, fidelity in tested} == {"test-train-1", "test-pure-exact-1-0", "test-sc-exact-1-0"}
    text = (finished / "report.md").read_text(encoding="utf-8")
    last = read_records(finished / STORE)[-1].evaluation.measures.accuracy_percent
    assert f"test accuracy of pure SC best: {last:.1f} %" in text


def test_the_store_has_every_row_of_the_table(finished: Path) -> None:
    """What stage, word and accuracy of a row say, the store says by fidelity."""
    fidelities = {"floating": "train-1", "pure": "pure-exact-1-0", "sc-nas": "sc-exact-1-0"}
    there = {(r.fidelity, r.word, r.evaluation.measures.accuracy_percent) for r in read_records(finished / STORE)}
    for stage, fidelity in fidelities.items():
        found = rows_of(finished, stage)
        assert found
        assert {(fidelity, row["word"], float(row["accuracy_percent"])) for row in found} <= there


@pytest.mark.parametrize(("rows", "workers"), [(1, 2), (21, 1)])
def test_a_killed_run_ends_as_if_it_had_not_been(
    rows: int, workers: int, finished: Path, words: list[str], tmp_path: Path
) -> None:
    """Killed in its first stage and in its last, and gone on with by other numbers of workers."""
    folder = tmp_path / "killed"
    process = search_process(folder, *words, "--workers", 1)
    wait_for_rows(folder, rows, process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    survivors = read_records(folder / STORE)
    assert len(survivors) >= rows
    shutil.rmtree(folder / "trained")
    assert main([*words, "--workers", str(workers), "--out", str(folder)]) == 0
    assert (folder / "evaluations.csv").read_bytes() == (finished / "evaluations.csv").read_bytes()
    expected = {key: row for key, row in stored(finished).items() if not key[1].startswith("test-")}
    assert stored(folder) == expected
    kept = {(r.fidelity, r.word): r.seconds for r in read_records(folder / STORE)}
    assert all(kept[r.fidelity, r.word] == r.seconds for r in survivors)
    # What is measured again would train its network again.
    assert len(list((folder / "trained").glob("*.pt"))) <= len(kept) - len(survivors)


def test_ctrl_c_keeps_what_was_found_and_says_how_to_go_on(words: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "broken off"
    process = search_process(folder, *words, "--evaluations", 60, "--workers", 1)
    wait_for_rows(folder, 8, process)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "go on with the same command" in said
    assert "Traceback" not in said
    assert len(stored(folder)) >= 8
    assert not (folder / "evaluations.csv").exists()


def test_evaluations_of_other_inputs_are_refused(
    finished: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A space of the same name and path with other channels."""
    space = tmp_path / "own.toml"
    space.write_text(SPACE, encoding="utf-8")
    own = [*words[:4], str(space), "--evaluations", "1", "--workers", "1", "--out", str(tmp_path / "out")]
    assert main(own) == 0
    space.write_text(SPACE.replace("channels = [2, 4]", "channels = [2, 8]"), encoding="utf-8")
    before = stored(tmp_path / "out")
    assert main(own) == 2
    assert "evaluations do not hold any more: search space has changed" in capsys.readouterr().err
    assert stored(tmp_path / "out") == before


@pytest.mark.parametrize("name", ["digits", "har", "small"])
def test_the_least_energy_is_that_of_the_whole_space(name: str, words: list[str]) -> None:
    """Brute force over all networks of up to two layers, and every hardware."""
    space = small_space(words) if name == "small" else load_sc_space(name)
    hardware = ScHardware(space, sc_energies())
    least = least_energy(space)
    per_layer = [range(len(space.kernels)), range(len(space.channels))]
    cheapest = []
    for config in space.options.configs():
        first = space.genome(f"sc:{space.name}:{min(space.kernels)}x{min(space.channels)}@{config.word}")
        cheapest.append((hardware.costs([first])[0].active_j, first))
    genes = min(cheapest)[1][1:6]
    for depth in range(min(2, space.layers)):
        for layers in itertools.product(*per_layer * (depth + 1)):
            rest = (0,) * (2 * (space.layers - depth - 1))
            assert hardware.costs([(depth, *genes, *layers, *rest)])[0].active_j >= least
    assert all(cost >= least for cost, _ in cheapest)


@pytest.mark.parametrize("name", ["digits", "small"])
def test_the_most_energy_is_that_of_the_whole_space(name: str, words: list[str]) -> None:
    """Brute force over all networks of up to two layers with the hardware of most energy on one, and random designs."""
    space = small_space(words) if name == "small" else load_sc_space(name)
    hardware, most = ScHardware(space, sc_energies()), most_energy(space)
    generator = np.random.default_rng(0)
    sizes = [len(gene.options) for gene in space.genes]
    drawn = {space.canonical(tuple(int(gene) for gene in generator.integers(sizes))) for _ in range(2000)}
    assert max(cost.active_j for cost in hardware.costs(list(drawn))) <= most
    word = f"sc:{space.name}:" + "-".join([f"{max(space.kernels)}x{max(space.channels)}"] * space.layers)
    dearest = [space.genome(f"{word}@{config.word}") for config in space.options.configs()]
    # Ours are no chains that shrink: the longest of the widest takes the most.
    assert most == max(cost.active_j for cost in hardware.costs(dearest))


def test_a_limit_that_refuses_nothing_is_said_to(finished: Path, words: list[str]) -> None:
    """As 4 does where 4nJ was meant: a bare number is in SI units."""

    def said(limit_j: float) -> str:
        config = msgspec.structs.replace(load_toml(finished / "config.toml", StochasticConfig), energy_max=limit_j)
        return loose_limit(prepare_stochastic(config, finished))

    most_j = most_energy(small_space(words))
    assert not said(0.999 * most_j)
    assert "--energy-max 4 J refuses no design of space small" in said(4.0)
    assert format_quantity(most_j, "J", 4) in said(4.0)


def test_the_refusal_names_a_limit_that_can_be_met(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--method", "sc-nas", "--energy-max", "1pJ", "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    least = float(said.split("least energy is ")[1].split(" pJ")[0]) * 1e-12
    assert least == pytest.approx(least_energy(load_sc_space("digits")), rel=1e-3)
    assert not (tmp_path / "out").exists()


def test_a_configuration_reproduces_itself(
    finished: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = load_toml(finished / "config.toml", StochasticConfig)
    assert (config.energy_max, config.evaluations, config.epochs) == (LIMIT_J, 4, 1)
    # The file says the method; options replace its fields.
    assert main([str(finished / "config.toml"), "--seed", "3", "--energy-max", "2nJ", "--print-config"]) == 0
    (tmp_path / "changed.toml").write_text(capsys.readouterr().out, encoding="utf-8")
    changed = load_toml(tmp_path / "changed.toml", StochasticConfig)
    assert (changed.seed, changed.energy_max, changed.space) == (3, 2e-9, words[4])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--method", "sc-nas", "--energy-max", "4mF"], "--energy-max: '4mF' has unit"),
        (["--method", "sc-nas", "--energy-max", "0nJ"], "`energy_max` must be positive"),
        (["--method", "sc-nas", "--data", "kws"], "no SC-NAS space comes for data set 'kws'"),
        (["--method", "sc-nas", "--space", "tinas"], "unknown SC-NAS space 'tinas'"),
        (["--method", "sc-nas", "--space", "har", "--data", "digits"], "reads maps of"),
        (["--method", "sc-nas", "--data", "har", "--data-folder", "EMPTY"], "har"),
        (["--method", "sc-nas", "--evaluations", "0"], "`evaluations` must be at least 1"),
        (["--method", "sc-nas", "--latency", "5s"], "--latency is no option of method sc-nas"),
        (["--method", "sc-nas", "--memory", "50%"], "--memory is no option of method sc-nas, but of dnas"),
        (["--method", "sc-nas", "--population", "0"], "--population is no option of method sc-nas"),
        (["--energy-max", "4nJ"], "--energy-max is no option of method pareto, but of sc-nas"),
        (["--method", "tinas", "--test"], "--test is no option of method tinas, but of sc-nas and dnas"),
        (["--method", "sc-nas", "--workers", "-1"], "--workers"),
        (["own.toml"], "`tuning`"),
        (["own.toml", "--method", "pareto"], "is of method sc-nas"),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_trained(
    more: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "own.toml").write_text('method = "sc-nas"\ntuning = 3\n', encoding="utf-8")
    assert main([*more, "--out", "out"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert said in lines[0]
    assert not (tmp_path / "out").exists()


def test_a_folder_holds_one_search(finished: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    before = (finished / "config.toml").read_bytes()
    assert main([*words, "--seed", "1", "--out", str(finished)]) == 2
    assert "holds another search (seed: 0 there, 1 here)" in capsys.readouterr().err
    assert main(["--method", "random", "--objective", "macs", "--out", str(finished)]) == 2
    assert "holds a search by sc-nas" in capsys.readouterr().err
    assert (finished / "config.toml").read_bytes() == before
