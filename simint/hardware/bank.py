"""Reconfigurable storage: banks of capacitors that join the storage capacitor as energy comes in."""

from __future__ import annotations

import enum
import math

import msgspec

from simint.config import Farad, Ohm, Volt
from simint.errors import InputError


class Wiring(enum.IntEnum):
    """How the cells of a bank hang on the node."""

    OUT = 0
    SERIES = 1
    PARALLEL = 2


class Bank(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`cells` equal capacitors, each of `capacitance` with a parallel `leakage`.

    With `series_first` a bank joins in series and goes over to parallel one step later, and back again on the way down,
    where the series connection lifts what is left in the cells to a voltage that the device can use.
    """

    cells: int
    capacitance: Farad
    leakage: Ohm = math.inf
    series_first: bool = True

    def __post_init__(self) -> None:
        if self.cells < 1:
            raise InputError(f"`cells` must be at least 1, got {self.cells}")
        if not 0 < self.capacitance < math.inf:
            raise InputError(f"`capacitance` must be positive and finite, got {self.capacitance:g}")
        if not self.leakage > 0:
            raise InputError(f"`leakage` must be positive, got {self.leakage:g}")
        if self.series_first and self.cells == 1:
            raise InputError("`series_first` needs at least two `cells`")


class Ladder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which banks are in, decided by the voltage: one step up at `v_up`, one step down at `v_down`.

    The buffer of REACT works like this, a bank at a time (H. Williams, M. Hicks, ASPLOS 2024, arXiv:2401.08806; there
    diodes keep a bank from drawing on the others). Without `series_first` it is Capybara's array (A. Colin, E. Ruppel,
    B. Lucia, ASPLOS 2018, doi:10.1145/3173162.3173210), switched by voltage instead of by the program. The switches
    are ideal and charge evens out at once; what that loses is counted.
    """

    v_up: Volt
    v_down: Volt
    banks: tuple[Bank, ...]

    def __post_init__(self) -> None:
        if not self.banks:
            raise InputError("`banks` must name at least one bank")
        if not 0 < self.v_down < self.v_up < math.inf:
            raise InputError(f"0 < `v_down` < `v_up` expected, got {self.v_down:g} V and {self.v_up:g} V")
        for k, bank in enumerate(self.banks):
            if bank.series_first and bank.cells * self.v_down >= self.v_up:
                raise InputError(
                    f"`banks[{k}].cells` of {bank.cells} in series may lift `v_down` ({self.v_down:g} V) to `v_up` "
                    f"({self.v_up:g} V) at once, and the bank would switch to and fro"
                )


def wirings(ladder: Ladder) -> tuple[tuple[Wiring, ...], ...]:
    """The wiring of every bank on every step of the ladder, from all out to all in parallel."""
    steps = [(Wiring.OUT,) * len(ladder.banks)]
    for k, bank in enumerate(ladder.banks):
        for wiring in (Wiring.SERIES, Wiring.PARALLEL) if bank.series_first else (Wiring.PARALLEL,):
            steps.append((*steps[-1][:k], wiring, *steps[-1][k + 1 :]))
    return tuple(steps)
