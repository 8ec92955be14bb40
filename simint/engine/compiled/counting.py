"""What `tally.Tally` counts, and what of it a commit, a checkpoint or a power failure changes."""

from __future__ import annotations

from simint.compiled import borrowing
from simint.engine.compiled.memory import (
    BROWN_OUT,
    COMMITTED_BEFORE,
    CYCLE_COMMITTED,
    CYCLE_END,
    CYCLE_J,
    CYCLE_LOST,
    CYCLE_OFF,
    CYCLE_ON,
    CYCLE_V,
    CYCLES,
    CYCLES_DONE,
    DRAWN_J,
    LOST_BEFORE,
    ON_S,
    ORDINAL,
    PART_S,
    PART_SECTION,
    PART_TILES,
    PIECES,
    POWERED,
    TILES_COMMITTED,
    TILES_LOST,
    UNCOMMITTED,
    Memory,
)
from simint.engine.compiled.tables import TILES_AT, Tables
from simint.engine.execution import Ledger
from simint.engine.program import ACTIVITIES


@borrowing
def drawn_j(ledger: Ledger) -> float:
    """Everything the device has drawn so far."""
    total = 0.0
    for k in range(ACTIVITIES):
        total += ledger.settled_j[k] + ledger.pending_j[k]
    return total


@borrowing
def piece(memory: Memory, section: int, tiles: int) -> None:
    """An execution that left off inside a step, or took it up again, began so many tiles besides a whole step's."""
    memory.loose[section] += tiles
    memory.pieces[section] += tiles
    memory.whole[PIECES] += 1


@borrowing
def tiles_between(tables: Tables, first: int, end: int) -> int:
    """Tiles of the steps from one place of the inference to another."""
    return int(tables.sums[end, TILES_AT] - tables.sums[first, TILES_AT])


@borrowing
def commit_all(tables: Tables, memory: Memory, section: int, tiles: int, seconds: float) -> None:
    """Everything up to the place of the inference is safe; of the step in progress, a part of so many tiles."""
    whole = memory.whole
    pending = tiles_between(tables, whole[ORDINAL] - whole[UNCOMMITTED], whole[ORDINAL])
    whole[TILES_COMMITTED] += pending + tiles - whole[PART_TILES]
    whole[PART_SECTION], whole[PART_TILES], memory.real[PART_S] = section, tiles, seconds
    whole[UNCOMMITTED] = 0
    forget_pieces(memory)


@borrowing
def forget_pieces(memory: Memory) -> None:
    """Loose tiles are safe, or counted as lost."""
    if memory.whole[PIECES] > 0:
        memory.pieces[:] = 0
        memory.whole[PIECES] = 0


@borrowing
def lose_all(tables: Tables, memory: Memory) -> None:
    """Everything since the last commit is lost, and work goes back to there."""
    whole = memory.whole
    for ordinal in range(whole[ORDINAL] - whole[UNCOMMITTED], whole[ORDINAL]):
        step = tables.step_at[ordinal]
        memory.lost_runs[step] += 1
        whole[TILES_LOST] += tables.tiles[step]
    if whole[PIECES] > 0:
        for section in range(memory.pieces.size):
            memory.lost_loose[section] += memory.pieces[section]
            whole[TILES_LOST] += memory.pieces[section]
    forget_pieces(memory)
    whole[ORDINAL] -= whole[UNCOMMITTED]
    whole[UNCOMMITTED] = 0


@borrowing
def begin_cycle(memory: Memory, ledger: Ledger, now_s: float) -> None:
    """Turn-on."""
    whole, real = memory.whole, memory.real
    whole[POWERED], real[ON_S], real[DRAWN_J] = 1, now_s, drawn_j(ledger)
    whole[COMMITTED_BEFORE], whole[LOST_BEFORE] = whole[TILES_COMMITTED], whole[TILES_LOST]


@borrowing
def end_cycle(memory: Memory, ledger: Ledger, now_s: float, v: float, v_off: float, ended_by: int) -> None:
    """Turn-off; a voltage at `v_off` makes it a brown-out, also where that ended the run."""
    whole, real = memory.whole, memory.real
    record = memory.cycles[whole[CYCLES]]
    record[CYCLE_ON], record[CYCLE_OFF], record[CYCLE_V] = real[ON_S], now_s, v
    record[CYCLE_J] = drawn_j(ledger) - real[DRAWN_J]
    record[CYCLE_COMMITTED] = whole[TILES_COMMITTED] - whole[COMMITTED_BEFORE]
    record[CYCLE_LOST] = whole[TILES_LOST] - whole[LOST_BEFORE]
    record[CYCLE_END] = BROWN_OUT if v <= v_off else ended_by
    whole[CYCLES] += 1
    whole[CYCLES_DONE] += 1
    whole[POWERED] = 0
