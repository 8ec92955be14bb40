"""An interrupt while numbers are made neither spoils them nor is lost."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

from nas.stochastic.config import NumberGenerator
from nas.stochastic.numbers import interrupt_held_back, sequences


def test_an_interrupt_is_heard_at_the_end_of_the_block() -> None:
    done = []

    def interrupted() -> None:
        with interrupt_held_back():
            os.kill(os.getpid(), signal.SIGINT)
            done.append(sequences(NumberGenerator.SOBOL, 4, 3, 0))

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert np.array_equal(done[0], sequences(NumberGenerator.SOBOL, 4, 3, 0))
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_other_threads_and_a_process_that_ignores_interrupts_are_left_alone() -> None:
    def inside() -> None:
        before = signal.getsignal(signal.SIGINT)
        with interrupt_held_back():
            seen.append(signal.getsignal(signal.SIGINT) is before)

    seen: list[bool] = []
    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    ordinary = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        inside()
    finally:
        signal.signal(signal.SIGINT, ordinary)
    assert seen == [True, True]


def test_every_sobol_dimension_takes_each_number_once() -> None:
    for row in sequences(NumberGenerator.SOBOL, 5, 7, 0):
        assert sorted(row) == list(range(32))
