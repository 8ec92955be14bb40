"""One sentence for the designer: what limits the run, and what to change."""

from __future__ import annotations

import math
from collections.abc import Callable

from simint.engine.policy import PerLayer, Restart, Timer
from simint.engine.run import Nontermination, Run
from simint.hardware.converter import Boost, Direct
from simint.hardware.regulator import Ldo
from simint.hardware.supply import Supply
from simint.report.limits import Limit, avoidable_j, find_limit, tiles_per_cycle, waiting_s
from simint.scenario import Scenario
from simint.units import format_duration, format_quantity


def hint(run: Run, scenario: Scenario, supply: Supply) -> str:
    """What limits `run` (see `limits`) and what to change, in a sentence; missed deadlines are named first."""
    limit = find_limit(run, scenario.workload.period is not None)
    return _deadlines(run) + _SENTENCES[limit](run, scenario, supply)


def _deadlines(run: Run) -> str:
    """What a periodic workload did not get."""
    parts = []
    if run.deadlines_missed:
        parts.append(f"{run.deadlines_missed} of {len(run.inferences)} deadlines missed")
    if run.dropped:
        parts.append(f"{run.dropped} releases dropped")
    return f"{' and '.join(parts)}; " if parts else ""


def _nontermination(run: Run, scenario: Scenario, supply: Supply) -> str:
    cause = run.nontermination
    if cause is None:
        return f"the run cannot finish: {run.note or 'no cause was recorded'}."
    if _torn(run):
        return _torn(run)
    work, less_work = _impossible_work(run, scenario, cause)
    text = (
        f"{work} needs {format_quantity(cause.needed_j, 'J', 3)}, a full charge gives "
        f"{format_quantity(cause.given_j, 'J', 3)}: "
    )
    if scenario.policy.name == Restart.name and cause.layer != "boot":
        return text + f"preserve progress (policy tile); without that, {_remedy(cause, supply, 'a smaller network')}"
    return text + _remedy(cause, supply, less_work)


def _impossible_work(run: Run, scenario: Scenario, cause: Nontermination) -> tuple[str, str]:
    """What does not fit a power cycle, and what would make it less."""
    if cause.layer == "boot":
        return "the boot", "smaller tiles or batches"
    if any(task.name == cause.layer for task in run.tasks):
        return f"task {cause.layer}", "a shorter task"
    place = f"layer {cause.layer}, tile {cause.tile}"
    if scenario.policy.name == PerLayer.name:
        return f"layer {cause.layer} as a whole", "policy tile, which commits inside it"
    if scenario.policy.name == Timer.name:
        return f"a period of work with its checkpoint, failing at {place},", "a shorter period of the timer"
    return place, "smaller tiles or batches"


def _remedy(cause: Nontermination, supply: Supply, less_work: str) -> str:
    if not math.isfinite(cause.smallest_capacitance):
        return (
            f"no capacitor helps between {supply.v_off:g} V and {supply.v_on:g} V; "
            f"change the thresholds, or give it {less_work}."
        )
    if cause.smallest_capacitance <= supply.capacitor.capacitance:
        return f"the capacitor would do, but {cause.reason}; more harvest or {less_work} would help."
    size = format_quantity(cause.smallest_capacitance, "F", 3)
    return f"a capacitor of {size} or more would do, or {less_work}."


def _never_on(run: Run, scenario: Scenario, supply: Supply) -> str:
    book = run.energy
    reached = f"the capacitor ends at {run.final_voltage:.3g} V and never reaches v_on = {supply.v_on:g} V"
    if not book.harvested > 0:
        return f"{reached}: nothing was harvested; the trace is empty here or its voltage too low for this supply."
    mean = format_quantity(book.harvested / run.duration_s, "W", 3)
    cold = supply.converter.cold_start if isinstance(supply.converter, Boost) else None
    if cold is not None and run.final_voltage <= cold.below:
        lost = _percent(book.frontend_loss / book.harvested)
        return (
            f"{reached}: the charger never leaves its cold start (below {cold.below:g} V), where {lost} of a mean "
            f"harvest of {mean} is lost; take a smaller capacitor, one that leaks less, or start above that voltage."
        )
    drain_j = book.leaked + book.quiescent
    if drain_j >= 0.5 * (book.harvested - book.frontend_loss):
        part = "capacitor leakage" if book.leaked >= book.quiescent else "quiescent current"
        return f"{reached}: {part} takes most of the {mean} harvested; reduce it, or lower v_on."
    if isinstance(supply.converter, Direct):
        return (
            f"{reached} on a mean harvest of {mean}: lower v_on, or reach it from this source with a boost converter."
        )
    return f"{reached} on a mean harvest of {mean}: lower v_on, take a smaller capacitor, or run longer."


def _computing(run: Run, scenario: Scenario, supply: Supply) -> str:
    if run.duration_s <= run.first_turn_on_s:
        return "the run ended as the device turned on: let it run longer."
    return (
        "energy suffices and the microcontroller is the limit: "
        f"working {_percent(run.working_s / (run.duration_s - run.first_turn_on_s))} of the time since turn-on; "
        "only a faster design (objective latency) or a smaller network shortens the latency."
    )


def _idle(run: Run, scenario: Scenario, supply: Supply) -> str:
    asleep = _percent(run.time.sleep / run.duration_s)
    return f"nothing limits this workload: asleep {asleep} of the time; a shorter period or a larger network fits."


def _charging(run: Run, scenario: Scenario, supply: Supply) -> str:
    periodic = scenario.workload.period is not None
    waits = _percent(waiting_s(run, periodic) / (run.duration_s - run.first_turn_on_s))
    mean = format_quantity(run.energy.harvested / run.duration_s, "W", 3)
    return (
        f"charging: {waits} of the time since turn-on is spent waiting for energy at a mean harvest of {mean}, "
        "and little of it is wasted; only more harvest or less work per inference (a smaller network) helps."
    )


def _front_end(run: Run, scenario: Scenario, supply: Supply) -> str:
    if isinstance(supply.converter, Direct):
        part, change = (
            f"a diode drop of {supply.converter.diode_drop:g} V",
            "a smaller drop (an ideal diode) gives it to the work.",
        )
    else:
        table, efficiency = supply.converter.table, supply.converter.efficiency
        part = "the efficiencies of its table" if table else f"an efficiency of {_percent(efficiency)}"
        change = "a better converter shortens the wait."
    return f"the front end, with {part}, loses {_wasted(run, Limit.FRONT_END)} more than the best ones: {change}"


def _mismatch(run: Run, scenario: Scenario, supply: Supply) -> str:
    if isinstance(supply.converter, Direct):
        change = "move v_on and v_off towards half of its open-circuit voltage, or use a charger that tracks it."
    else:
        change = "set converter.mppt.fraction to where this source has its maximum, or look for a source that fits."
    return f"the source is held away from its maximum power point and gives up {_wasted(run, Limit.MISMATCH)}: {change}"


def _spilled(run: Run, scenario: Scenario, supply: Supply) -> str:
    return (
        f"the clamp spills {_wasted(run, Limit.SPILLED)} at {supply.ceiling:g} V and power fails at other times: "
        "a larger capacitor carries the surplus over."
    )


def _leakage(run: Run, scenario: Scenario, supply: Supply) -> str:
    return (
        f"leakage of the capacitor takes {_wasted(run, Limit.LEAKAGE)}: "
        "use one that leaks less, a smaller one, or lower thresholds."
    )


def _quiescent(run: Run, scenario: Scenario, supply: Supply) -> str:
    current = format_quantity(supply.off_current, "A", 3)
    return f"the supply's quiescent current of {current} takes {_wasted(run, Limit.QUIESCENT)}: it must draw less."


def _regulator(run: Run, scenario: Scenario, supply: Supply) -> str:
    if isinstance(supply.regulator, Ldo):
        change = "thresholds nearer to its output voltage, or a buck regulator, waste less."
    else:
        change = "another output current or a better regulator wastes less."
    return f"the regulator loses {_wasted(run, Limit.REGULATOR)}: {change}"


def _resistance(run: Run, scenario: Scenario, supply: Supply) -> str:
    ohm = format_quantity(supply.capacitor.esr, "ohm", 3)
    return f"the capacitor's series resistance of {ohm} takes {_wasted(run, Limit.RESISTANCE)}: use one with less."


def _boots(run: Run, scenario: Scenario, supply: Supply) -> str:
    larger = "a larger capacitor or a wider gap between v_on and v_off makes fewer, longer power cycles."
    if scenario.policy.name == "tile-shutdown":
        larger = "policy tile goes on without a boot while energy lasts; otherwise larger batches need fewer boots."
    return f"{len(run.power_cycles)} boots with their restores take {_wasted(run, Limit.BOOTS)}: {larger}"


def _lost_work(run: Run, scenario: Scenario, supply: Supply) -> str:
    change = _LESS_LOST.get(scenario.policy.name, "use smaller batches, a guard, or a larger capacitor.")
    return f"work lost at power failures takes {_wasted(run, Limit.LOST_WORK)}: {_torn(run) or change}"


def _torn(run: Run) -> str:
    """What is wrong with a threshold from which saves do not complete; nothing where they did."""
    kept = run.checkpoints
    if kept is None or not kept.torn or not kept.v_checkpoint < kept.v_safe:
        return ""
    times = "1 save was torn" if kept.torn == 1 else f"{kept.torn:,} saves were torn"
    return (
        f"{times}, because v_checkpoint = {kept.v_checkpoint:.4g} V lies below the {kept.v_safe:.4g} V "
        "from which one completes without harvest; raise it."
    )


def _one_tile(run: Run, scenario: Scenario, supply: Supply) -> str:
    return (
        f"a power cycle commits {tiles_per_cycle(run):.2g} tiles on average and the work it loses takes "
        f"{_wasted(run, Limit.LOST_WORK)}: one tile is too much for this capacitor; "
        "take smaller tiles or a larger capacitor."
    )


def _preservation(run: Run, scenario: Scenario, supply: Supply) -> str:
    change = _LESS_OFTEN.get(scenario.policy.name, "longer batches (larger s) commit less often.")
    return f"preserving progress takes {_wasted(run, Limit.PRESERVATION)}: {change}"


def _sleep(run: Run, scenario: Scenario, supply: Supply) -> str:
    return (
        f"sleep takes {_wasted(run, Limit.SLEEP)} over {format_duration(run.time.sleep)}: "
        "a lower sleep power, or powering down while waiting, saves it."
    )


def _wasted(run: Run, limit: Limit) -> str:
    """An avoidable use in words: J, and its share of what the source offered."""
    wasted_j, offered_j = avoidable_j(run)[limit], max(run.energy.available, run.energy.harvested)
    return f"{format_quantity(wasted_j, 'J', 3)} ({_percent(wasted_j / offered_j)} of what the source offered)"


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"


# By policy: how less is lost, and how less is spent on keeping it.
_LESS_LOST = {
    "none": "preserve progress with policy tile.",
    "layer": "policy tile commits inside a layer too; otherwise a larger capacitor helps.",
    "tile": "use smaller batches, a guard that starts only what can be finished, or a larger capacitor.",
    "timer": "a shorter period of the timer, or policy jit, which saves just in time.",
}
_LESS_OFTEN = {
    "footprint": "larger tiles, or policy tile with batches of several.",
    "timer": "a longer period of the timer.",
    "jit": "a larger capacitor or a wider gap between v_on and v_off; smaller tiles have less to save.",
}
_SENTENCES: dict[Limit, Callable[[Run, Scenario, Supply], str]] = {
    Limit.NONTERMINATION: _nontermination,
    Limit.NEVER_ON: _never_on,
    Limit.COMPUTING: _computing,
    Limit.IDLE: _idle,
    Limit.CHARGING: _charging,
    Limit.FRONT_END: _front_end,
    Limit.MISMATCH: _mismatch,
    Limit.SPILLED: _spilled,
    Limit.LEAKAGE: _leakage,
    Limit.QUIESCENT: _quiescent,
    Limit.REGULATOR: _regulator,
    Limit.RESISTANCE: _resistance,
    Limit.BOOTS: _boots,
    Limit.LOST_WORK: _lost_work,
    Limit.ONE_TILE: _one_tile,
    Limit.PRESERVATION: _preservation,
    Limit.SLEEP: _sleep,
}
