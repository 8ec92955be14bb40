"""From which voltage does a piece of work complete without harvest? What a guard and a just-in-time checkpoint need."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from simint.engine.nontermination import completes
from simint.engine.policy import JustInTime
from simint.engine.program import FIRST, SECOND, Program, Rows, energy_of
from simint.engine.storage import Storage
from simint.engine.waiting import INSTANT_S
from simint.errors import InfeasibleError, InputError
from simint.physics.best_case import no_source
from simint.physics.state import LOW, start_state
from simint.physics.stepping import advance
from simint.physics.wiring import Node
from simint.units import format_quantity

# Search up to this multiple of v_on; no part works so far above its thresholds.
_HIGHEST_FACTOR = 1024.0
_PRECISION = 1e-13
# Chosen: the default checkpoint voltage lies 2 % above what the save needs, because a comparator's reference is not
# exact either; in the model itself no margin is needed.
CHECKPOINT_MARGIN = 1.02


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Voltages of a just-in-time checkpoint: taken at `v_checkpoint`, left at `v_resume`.

    `v_safe`: the lowest from which the largest save completes without harvest.
    """

    v_checkpoint: float
    v_resume: float
    v_safe: float


def lowest_start_v(storage: Storage, rows: Sequence[Rows]) -> float:
    """The lowest voltage from which the rows run through on stored energy alone, V; infinite where none is enough.

    Found by bisection, from above to rounding, so that they do run through from the voltage returned.
    """
    nothing, node = no_source(storage.best), _surely(storage.node)
    low, high = storage.v_off, storage.supply.v_on
    while not completes(storage, nothing, node, rows, high):
        low, high = high, 2.0 * high
        if high > _HIGHEST_FACTOR * storage.supply.v_on:
            return math.inf
    while high - low > _PRECISION * high:
        middle = 0.5 * (low + high)
        if completes(storage, nothing, node, rows, middle):
            high = middle
        else:
            low = middle
    return high


def checkpoint_thresholds(storage: Storage, program: Program, policy: JustInTime) -> Thresholds:
    """The thresholds of the policy, with what it leaves open.

    Raises InfeasibleError where the capacitor cannot hold the energy of the largest save below `v_resume`, InputError
    where given voltages contradict each other or the supply. A given `v_checkpoint` below `v_safe` is allowed: a save
    from there may be torn, which the run then shows.
    """
    supply = storage.supply
    v_safe = _safe_v(storage, distinct(program.saves))
    v_resume = supply.v_on if policy.v_resume is None else policy.v_resume
    if v_resume > storage.node.ceiling_v:
        raise InputError(
            f"`v_resume` of {v_resume:g} V can never be reached: the supply's clamp is at {storage.node.ceiling_v:g} V"
        )
    if policy.v_checkpoint is None:
        v_checkpoint = CHECKPOINT_MARGIN * v_safe
        if v_checkpoint >= v_resume:
            raise InfeasibleError(
                f"policy `jit`: the largest checkpoint takes the capacitor from {v_safe:.4g} V to `v_off` = "
                f"{supply.v_off:g} V, which with a margin of 2 % leaves nothing below `v_resume` = {v_resume:g} V: "
                "take a larger capacitor, a higher `v_on`, or smaller tiles"
            )
    else:
        v_checkpoint = policy.v_checkpoint
    if not supply.v_off <= v_checkpoint < v_resume:
        raise InputError(
            f"`v_checkpoint` must lie between `v_off` and `v_resume` ({supply.v_off:g} V to {v_resume:g} V), "
            f"got {v_checkpoint:g} V"
        )
    power_w = largest_interruptible_w(program)
    if not _sustains(storage, v_resume, power_w, v_checkpoint):
        raise InputError(
            f"policy `jit` would chatter: at `v_resume` = {v_resume:g} V a load of {format_quantity(power_w, 'W')} "
            f"pulls the capacitor's terminals to `v_checkpoint` = {v_checkpoint:.4g} V at once"
        )
    return Thresholds(v_checkpoint, v_resume, v_safe)


def _safe_v(storage: Storage, saves: Sequence[Rows]) -> float:
    """The lowest voltage from which each of the saves completes; `v_off` without any.

    The one that takes most energy comes first: most often the others complete from its voltage, and one look is enough.
    """
    nothing, node = no_source(storage.best), _surely(storage.node)
    v_safe = storage.v_off
    for rows in sorted(saves, key=energy_of, reverse=True):
        if not completes(storage, nothing, node, [rows], v_safe):
            v_safe = max(v_safe, lowest_start_v(storage, [rows]))
    return v_safe


def _surely(node: Node) -> Node:
    """What a budget may count on: a supervisor that does not look too late, and nothing of banks that may be empty."""
    return node._replace(poll_s=0.0, v_up=math.inf)


def largest_interruptible_w(program: Program) -> float:
    """The largest power of the work that a low voltage interrupts, W."""
    tables = [rows for step in program.all_steps if not step.atomic for rows in (step.warm, step.cold)]
    return max((float(rows[:, phase + 1].max()) for rows in tables for phase in (FIRST, SECOND)), default=0.0)


def _sustains(storage: Storage, v_start: float, load_w: float, low_v: float) -> bool:
    """Whether a charged capacitor keeps its terminals above `low_v` when the load begins."""
    nothing, node = no_source(storage.best), storage.node
    state = start_state(nothing, v_start, 0.0, node.banks.shape[0])
    code, _ = advance(node, nothing, state, load_w, True, INSTANT_S, low_v, math.inf, True)
    return bool(code != LOW)


def distinct(saves: Sequence[Rows]) -> list[Rows]:
    """The different ones among the saves that write anything."""
    return list({rows.tobytes(): rows for rows in saves if rows.size}.values())
