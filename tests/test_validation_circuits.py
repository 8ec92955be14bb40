"""Table 2 on a subset: one circuit of every kind against ngspice, where that is installed."""

from __future__ import annotations

import math
import shutil

import pytest
from validation_scripts import validation_script

circuits = validation_script("circuits")

KINDS = [draw.__name__.strip("_") for draw in circuits.KINDS]


@pytest.fixture(scope="module")
def drawn() -> list[object]:
    return list(circuits.drawn(7, 1))


@pytest.mark.parametrize("place", range(len(KINDS)), ids=KINDS)
@pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed (Debian package `ngspice`)")
def test_ngspice_crosses_the_threshold_at_the_same_time(drawn: list[object], place: int) -> None:
    """Within 0.1 %, the aim; what ngspice prints has six digits and its tables soft edges: 0.005 % here.

    At cold start the soft edge counts most, because what reaches the capacitor there rises several times over.
    """
    ours, theirs = circuits.compared(drawn[place], 5000)
    assert theirs == pytest.approx(ours, rel=5e-4 if KINDS[place] == "cold" else 5e-5)


def test_circuits_are_drawn_from_their_seed(drawn: list[object]) -> None:
    again = circuits.drawn(7, 1)
    assert [circuits.simint_s(circuit) for circuit in drawn] == [circuits.simint_s(circuit) for circuit in again]
    assert all(math.isfinite(circuits.simint_s(circuit)) for circuit in drawn)
    assert len({circuit.kind for circuit in again}) == len(circuits.KINDS)
