"""Runs on reconfigurable banks: the books close with every policy, and banks do what they are built for."""

from __future__ import annotations

import math

import msgspec
import pytest
from engine_cases import boost, case, power, simulated, uniform

from simint.engine.policy import POLICY_NAMES, policy_by_name
from simint.engine.run import Run, Verdict
from simint.engine.workload import Workload
from simint.hardware.bank import Bank, Ladder
from simint.hardware.capacitor import Capacitor
from simint.hardware.supply import Supply

SMALL, LARGE = Capacitor(capacitance=200e-6, leakage=1e6), Capacitor(capacitance=2.2e-3, leakage=1e5)
BANK = Bank(cells=2, capacitance=1e-3, leakage=1e6, series_first=False)
BURSTS = power(30e-3, 0.0, 0.0, 0.0, 0.2e-3, 0.0, step_s=2.0)


def banked(*banks: Bank, v_down: float = 2.1) -> Supply:
    return msgspec.structs.replace(boost(SMALL, quiescent=1e-6), ladder=Ladder(v_up=3.5, v_down=v_down, banks=banks))


def run_on(supply: Supply, policy: str = "tile", seconds: float = 120.0) -> Run:
    work = uniform(40, compute_j=40e-6, power_w=2e-3)
    return simulated(
        case(
            BURSTS,
            work,
            supply,
            policy_by_name(policy, period=0.05 if policy == "timer" else None),
            Workload(),
            duration_s=seconds,
        )
    )


@pytest.mark.parametrize("policy", POLICY_NAMES)
def test_the_books_close_on_banks_under_every_policy(policy: str) -> None:
    """`simulate` raises where they do not; every run really switches."""
    run = run_on(banked(BANK), policy)
    assert run.energy.switch_loss > 0.0
    assert run.verdict in (Verdict.STOPPED, Verdict.COMPLETED, Verdict.NONTERMINATION)


def test_a_ladder_starts_as_fast_as_its_first_capacitor_and_carries_more_over() -> None:
    """What REACT is for: the small buffer turns on first, the banks keep the burst that it would spill."""
    small, large, ladder = run_on(boost(SMALL)), run_on(boost(LARGE)), run_on(banked(BANK))
    assert ladder.first_turn_on_s == pytest.approx(small.first_turn_on_s, rel=0.01)
    assert ladder.first_turn_on_s < large.first_turn_on_s
    assert len(ladder.finished) > len(small.finished)
    assert ladder.energy.spilled < small.energy.spilled


def test_what_is_left_in_a_bank_that_is_out_is_part_of_the_store() -> None:
    run = run_on(banked(BANK), seconds=math.pi)
    book = run.energy
    outgo = book.losses + book.device
    assert book.harvested - outgo == pytest.approx(book.stored_delta, rel=1e-9)
    capacitor_alone = 0.5 * SMALL.capacitance * (run.final_voltage**2 - run.initial_voltage**2)
    assert book.stored_delta > capacitor_alone
