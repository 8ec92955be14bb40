"""Drawn decisions and the optimiser of the iNAS controller; the study that searches with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nas_method_cases import laboratory, plain_space, problem  # noqa: E402

from nas.methods.driving import drive  # noqa: E402
from nas.methods.inas.controller import Learner, decide, new_weights  # noqa: E402
from nas.methods.inas.search import inas  # noqa: E402
from nas.methods.inas.settings import MENDED, InasSettings  # noqa: E402
from nas.space.genome import Gene  # noqa: E402

torch.set_num_threads(1)
GENES = (Gene("kernel", 0, (1, 3, 5)), Gene("filters", 0, (4, 8)))


def test_drawn_decisions_have_the_probabilities_of_their_softmax() -> None:
    weights = new_weights(GENES, InasSettings(), torch.Generator().manual_seed(0))
    source = torch.Generator().manual_seed(1)
    with torch.no_grad():
        drawn = np.array([decide(weights, GENES, 0, source)[0][0] for _ in range(2000)])
        expected = torch.softmax(decide(weights, GENES, 0)[1][0], 0).numpy()
    shares = np.bincount(drawn, minlength=3) / len(drawn)
    # Four standard deviations of a share.
    assert np.all(np.abs(shares - expected) < 4 * np.sqrt(expected * (1 - expected) / len(drawn)))


def test_a_drawing_search_repeats_itself_by_its_seed() -> None:
    runs = []
    for seed in (0, 0, 1):
        lab = laboratory(problem(plain_space("inas-har"), 28.9, "accuracy"))
        drive(inas(lab.problem, InasSettings(trials=30, sampled=True), np.random.default_rng(seed)), lab)
        runs.append(lab.genomes)
    assert runs[0] == runs[1] != runs[2]
    assert runs[0]


def test_first_steps_are_as_small_as_their_gradients() -> None:
    """Mean squares start at 1: a weight moves by rate * g / sqrt(0.9 + 0.1 g^2), not by a multiple of the rate."""
    settings = InasSettings(regularisation=0.0)
    learner = Learner(new_weights(GENES, settings, torch.Generator().manual_seed(0)), settings, MENDED)
    before = [tensor.detach().clone() for tensor in learner.weights.tensors]
    genome, logits = decide(learner.weights, GENES, 0)
    learner.learn(logits, genome, 0.1)
    moved = 0.0
    for old, tensor in zip(before, learner.weights.tensors, strict=True):
        gradient = tensor.grad
        assert gradient is not None
        step = settings.learning_rate * gradient / torch.sqrt(0.9 + 0.1 * gradient**2)
        torch.testing.assert_close(tensor.detach(), old - step, rtol=0, atol=1e-7)
        moved = max(moved, float(step.abs().max()))
    assert 0 < moved < 0.1 * settings.learning_rate


@pytest.mark.slow
def test_the_study_goes_on_where_it_ended(shared: Path, tmp_path: Path) -> None:
    """Both searches of every published requirement; nothing is trained twice, and the page is the same again."""
    if not (shared / "data" / "har_uci").exists():
        pytest.skip("no HAR data in the shared folder")
    program = Path(__file__).resolve().parent.parent / "docs" / "nas" / "inas_search.py"
    flags = ["--data", str(shared / "data"), "--work", str(tmp_path), "--trials", "3", "--epochs", "1"]
    pages, trainings = [], tmp_path / "trainings.jsonl"
    for name in ("a.md", "b.md"):
        subprocess.run([sys.executable, str(program), *flags, "--out", str(tmp_path / name)], check=True, timeout=300)
        pages.append((tmp_path / name).read_text(encoding="utf-8"))
        words = [json.loads(line)["word"] for line in trainings.read_text(encoding="utf-8").splitlines()]
        assert len(words) == len(set(words))
    assert pages[0] == pages[1]
    assert len((tmp_path / "searches.jsonl").read_text(encoding="utf-8").splitlines()) == 12
    # Every architecture at 1 mF has a layer whose design for continuous power needs more than a charge.
    assert "| 1 mF | 100.0 | 0.0 |" in pages[0]
