"""What limits a run, read off its books.

The rule, in order:

1. A run that can never finish is limited by that: `nontermination`, `never-on`.
2. After the first turn-on, the share of time spent waiting for energy decides whether energy or speed is short. Waiting
   is being off, and for a back-to-back workload being asleep too (guard and policy `jit` sleep there). Below 10 % the
   run is limited by the microcontroller (`computing`), or by nothing where a periodic workload sleeps half of its time
   (`idle`).
3. Where energy is short, it went somewhere: of all avoidable uses the largest is named if it takes at least 15 % of
   what the source offered; `lost work` counts as `one tile` where a power cycle commits fewer than two tiles. Of a
   front end only what it loses beyond the best ones is avoidable.
4. Else the energy went into the inference itself, and only more harvest or less work helps: `charging`.
"""

from __future__ import annotations

import enum

from simint.engine.run import Run, Verdict

# Chosen: below these a remedy would move latency by less than its own side effects do.
_WAITING, _AVOIDABLE, _IDLE, _TILES = 0.10, 0.15, 0.5, 2.0
# Peak efficiency: 93 %, Texas Instruments BQ25570 data sheet SLUSBH2; taken for a charger, not checked which of its two
# converters it is given for.
_BEST_FRONT_END = 0.93


class Limit(enum.StrEnum):
    """What holds a run back."""

    NONTERMINATION = "nontermination"
    NEVER_ON = "never-on"
    COMPUTING = "computing"
    IDLE = "idle"
    CHARGING = "charging"
    FRONT_END = "front end"
    MISMATCH = "mismatch"
    SPILLED = "spilled"
    LEAKAGE = "leakage"
    QUIESCENT = "quiescent"
    REGULATOR = "regulator"
    RESISTANCE = "series resistance"
    BOOTS = "boots"
    LOST_WORK = "lost work"
    ONE_TILE = "one tile"
    PRESERVATION = "preservation"
    SLEEP = "sleep"


def find_limit(run: Run, periodic: bool) -> Limit:
    """What limits `run`, by the rule above; `periodic` says that inferences are released by a clock."""
    if run.verdict is Verdict.NONTERMINATION:
        return Limit.NONTERMINATION
    if not run.power_cycles:
        return Limit.NEVER_ON
    lasted_s = run.duration_s - run.first_turn_on_s
    if waiting_s(run, periodic) < _WAITING * lasted_s or lasted_s <= 0:
        return Limit.IDLE if periodic and run.time.sleep >= _IDLE * lasted_s > 0 else Limit.COMPUTING
    limit, wasted_j = max(avoidable_j(run).items(), key=lambda item: item[1])
    if wasted_j < _AVOIDABLE * max(run.energy.available, run.energy.harvested):
        return Limit.CHARGING
    if limit is Limit.LOST_WORK and tiles_per_cycle(run) < _TILES:
        return Limit.ONE_TILE
    return limit


def waiting_s(run: Run, periodic: bool) -> float:
    """Time spent waiting for energy after the first turn-on."""
    return run.time.off - run.first_turn_on_s + (0.0 if periodic else run.time.sleep)


def tiles_per_cycle(run: Run) -> float:
    """Mean number of tiles committed in a power cycle."""
    return sum(cycle.tiles_committed for cycle in run.power_cycles) / len(run.power_cycles) if run.power_cycles else 0.0


def avoidable_j(run: Run) -> dict[Limit, float]:
    """Energy that did not serve the inference, by what is to blame.

    A mismatch is what a source held at its maximum power point would have given beyond what it gave.
    """
    book = run.energy
    return {
        Limit.FRONT_END: max(book.frontend_loss - (1.0 - _BEST_FRONT_END) * book.harvested, 0.0),
        Limit.MISMATCH: max(book.available - book.harvested, 0.0),
        Limit.SPILLED: book.spilled,
        Limit.LEAKAGE: book.leaked,
        Limit.QUIESCENT: book.quiescent,
        Limit.REGULATOR: book.regulator_loss,
        Limit.RESISTANCE: book.esr_loss,
        Limit.BOOTS: book.boot + book.restore,
        Limit.LOST_WORK: book.lost,
        Limit.PRESERVATION: book.index + book.checkpoint,
        Limit.SLEEP: book.sleep,
    }
