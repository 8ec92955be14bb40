"""What becomes of a candidate that cannot be measured: its own fault is its finding, the machine's ends the search."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from nas.methods.sc.measuring import ScRecipe  # noqa: E402
from nas.methods.sc.space import load_sc_space  # noqa: E402
from nas.methods.sc.training import candidate_training  # noqa: E402
from nas.problem.evaluation import Measures  # noqa: E402
from nas.problem.measuring import Finding, Task, measure_tasks, packed  # noqa: E402
from nas.space.genome import Genome  # noqa: E402
from simint.errors import InputError  # noqa: E402
from simint.workers.dispatch import LOST  # noqa: E402


@dataclass(frozen=True)
class Failing:
    """A bench on which every candidate meets with an error."""

    error: type[Exception]
    fidelity: str = "failing"

    def open(self) -> Failing:
        return self

    def measures(self, genome: Genome, word: str) -> Measures:
        raise self.error("no such thing")


def found_on(recipe: ScRecipe) -> Finding:
    """A small design, trained for an epoch and emulated."""
    space = recipe.space
    genome = (0,) * len(space.genes)
    (finding,) = measure_tasks(packed(recipe), (Task(genome, space.word(genome)),))
    return finding


def stochastic(folder: Path) -> ScRecipe:
    return ScRecipe(
        load_sc_space("digits"), candidate_training("digits", epochs=1), tuning_epochs=0, trained=str(folder)
    )


@pytest.mark.parametrize(("error", "reason"), [(InputError, "no such"), (ZeroDivisionError, "ZeroDivisionError: no")])
def test_an_error_of_a_candidate_is_its_finding(error: type[Exception], reason: str) -> None:
    (finding,) = measure_tasks(packed(Failing(error)), (Task((0,), "a"),))
    assert finding.reason.startswith(reason)


def test_too_little_memory_is_no_finding_to_keep() -> None:
    (finding,) = measure_tasks(packed(Failing(MemoryError)), (Task((0,), "a"),))
    assert finding.reason == LOST


def test_an_error_of_the_machine_ends_the_search(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a: OSError: no such thing; what was measured is kept"):
        measure_tasks(packed(Failing(OSError)), (Task((0,), "a"),))
    (tmp_path / "trained").write_text("where the folder should be")
    with pytest.raises(InputError, match="go on with the same command"):
        found_on(stochastic(tmp_path / "trained"))


def test_a_trained_network_cut_short_is_trained_again_to_the_same(tmp_path: Path) -> None:
    first = found_on(stochastic(tmp_path))
    (file,) = tmp_path.glob("*.pt")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    again = found_on(stochastic(tmp_path))
    assert not again.reason
    assert again.measures.accuracy_percent == first.measures.accuracy_percent
    assert file.stat().st_size == len(whole)
