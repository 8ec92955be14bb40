"""Closing the books of a run."""

from __future__ import annotations

from collections.abc import Sequence

from simint.engine.execution import Ledger
from simint.engine.program import Activity
from simint.engine.run import EnergyBook, LayerCounts, TimeBook
from simint.engine.storage import Storage
from simint.errors import LedgerError
from simint.physics.banks import banks_j, settle_banks
from simint.physics.state import (
    AVAILABLE,
    ESR_LOSS,
    FRONTEND_LOSS,
    HARVESTED,
    LEAKED,
    QUIESCENT,
    REGULATOR_LOSS,
    SPILLED,
    SWITCH_LOSS,
)
from simint.physics.wiring import stored_at

# Relative to the turnover: what a million steps of rounding can add up to stays well below.
_TOLERANCE = 1e-9
_EPS = 2.220446049250313e-16


def energy_book(storage: Storage, initial_voltage: float) -> EnergyBook:
    """The energy terms as they were integrated; `stored_delta` from the voltages at both ends."""
    node, state = storage.node, storage.state
    if state.banks.size:
        settle_banks(node, state)
    held_j = stored_at(node, storage.voltage) + banks_j(node, state)
    supply_j, used_j = storage.state.supply_j, storage.ledger.settled_j
    return EnergyBook(
        harvested=float(supply_j[HARVESTED]),
        available=float(supply_j[AVAILABLE]),
        frontend_loss=float(supply_j[FRONTEND_LOSS]),
        spilled=float(supply_j[SPILLED]),
        leaked=float(supply_j[LEAKED]),
        esr_loss=float(supply_j[ESR_LOSS]),
        switch_loss=float(supply_j[SWITCH_LOSS]),
        quiescent=float(supply_j[QUIESCENT]),
        regulator_loss=float(supply_j[REGULATOR_LOSS]),
        boot=float(used_j[Activity.BOOT]),
        restore=float(used_j[Activity.RESTORE]),
        fetch=float(used_j[Activity.FETCH]),
        compute=float(used_j[Activity.COMPUTE]),
        write_back=float(used_j[Activity.WRITE_BACK]),
        index=float(used_j[Activity.INDEX]),
        checkpoint=float(used_j[Activity.CHECKPOINT]),
        sleep=float(used_j[Activity.SLEEP]),
        peripheral=float(used_j[Activity.PERIPHERAL]),
        lost=float(used_j[Activity.LOST]),
        stored_delta=held_j - stored_at(node, initial_voltage),
    )


def time_book(ledger: Ledger, off_s: float) -> TimeBook:
    """The time terms; each was counted where it was spent."""
    used_s = ledger.settled_s
    return TimeBook(
        off=off_s,
        boot=float(used_s[Activity.BOOT]),
        restore=float(used_s[Activity.RESTORE]),
        useful=float(used_s[Activity.FETCH] + used_s[Activity.COMPUTE]),
        write_back=float(used_s[Activity.WRITE_BACK]),
        index=float(used_s[Activity.INDEX]),
        checkpoint=float(used_s[Activity.CHECKPOINT]),
        sleep=float(used_s[Activity.SLEEP]),
        peripheral=float(used_s[Activity.PERIPHERAL]),
        lost=float(used_s[Activity.LOST]),
    )


def roundings(storage: Storage, layers: Sequence[LayerCounts], power_cycles: int) -> int:
    """About how many stretches of constant conditions a run had: each rounds the capacitor voltage once."""
    phases = sum(2 * layer.tiles_started + 4 * layer.batches_done for layer in layers)
    segments = int(storage.state.at[1]) * storage.source.segments + int(storage.state.at[0])
    return phases + 4 * power_cycles + segments


def check_books(
    energy: EnergyBook, time: TimeBook, duration_s: float, stored_scale_j: float, roundings: int = 1
) -> None:
    """Raise LedgerError where the books of energy or of time do not close to 1e-9 of their turnover.

    `stored_scale_j` is the largest energy the capacitor held: a voltage has 53 bits, so a change in store below the
    last of them cannot be seen, and each of the `roundings` of the voltage may move it by some.
    """
    allowed = _TOLERANCE * energy.turnover_j + 8.0 * _EPS * stored_scale_j * (1 + roundings)
    if not abs(energy.imbalance_j) <= allowed:
        raise LedgerError(
            f"energy books do not close: {energy.imbalance_j:.3e} J of {energy.turnover_j:.3e} J: {energy}"
        )
    if not abs(time.total - duration_s) <= _TOLERANCE * duration_s:
        raise LedgerError(f"time books do not close: {time.total!r} s booked of {duration_s!r} s: {time}")
