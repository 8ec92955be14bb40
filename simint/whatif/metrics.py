"""The metrics of one point of a study: their names, units and meanings, and how they are read off a run.

One flat row a point, SI units, the unit at the end of a name where the term does not say it. A value that does not
exist is None: the latency of a run that finished nothing, the tile of a nontermination where there was none.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simint.whatif.within import WITHIN_PERCENTS, times_within, within_name

if TYPE_CHECKING:
    from simint.engine.run import Run
    from simint.hardware.supply import Supply
    from simint.scenario import Scenario

MetricValue = float | int | str | None

_SECONDS_PER_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Metric:
    """One column. `kind`: `text`, `count` or `number`. `unit`: SI, empty for counts, shares and text.

    `better`: `more`, `less`, or empty where neither is better in itself.
    """

    name: str
    kind: str
    unit: str
    better: str
    meaning: str


def _text(name: str, meaning: str) -> Metric:
    return Metric(name, "text", "", "", meaning)


def _count(name: str, better: str, meaning: str) -> Metric:
    return Metric(name, "count", "", better, meaning)


def _number(name: str, unit: str, better: str, meaning: str) -> Metric:
    return Metric(name, "number", unit, better, meaning)


METRICS: tuple[Metric, ...] = (
    _text("verdict", "how the run ended: completed, stopped, never-on, nontermination"),
    _text("limit", "what holds the run back (report/limits.py)"),
    _text("engine", "which engine ran the point: compiled or event"),
    _text("hint", "the limit in a sentence, with what to change"),
    # Inferences
    _count("inferences_finished", "more", "completed inferences"),
    _count("inferences_released", "", "inferences asked for: completed, in progress, waiting and dropped"),
    _count("inferences_dropped", "less", "releases that a newer one replaced before they were begun"),
    _count("deadlines_missed", "less", "inferences whose deadline passed before they were done"),
    _number("finished_share", "", "more", "finished of those that had their time, see `finished_share`"),
    _number("deadline_met_share", "", "more", "deadlines met of those decided; None without a deadline"),
    _number("latency_median_s", "s", "less", "median latency of the completed inferences"),
    _number("latency_p95_s", "s", "less", "95th percentile of the latency, linear interpolation"),
    _number("latency_max_s", "s", "less", "longest latency"),
    *(
        _number(within_name(percent), "s", "less", f"time within which {percent} % of those released were finished")
        for percent in WITHIN_PERCENTS
    ),
    _number("throughput_per_day", "1/d", "more", "completed inferences by the run's duration, per day"),
    _number("forward_progress", "", "more", "committed tiles in units of one inference"),
    # Time
    _number("duration_s", "s", "", "simulated time"),
    _number("first_turn_on_s", "s", "less", "time until the first turn-on"),
    _number("off_s", "s", "less", "time without power"),
    _number("sleep_s", "s", "", "time asleep, powered"),
    _number("working_s", "s", "", "on-time without sleep"),
    _number("lost_s", "s", "less", "time of work that a power failure took back"),
    _number("imo_pct", "%", "less", "intermittency management overhead: share of the working time that is overhead"),
    # Power cycles, tiles, checkpoints
    _count("power_cycles", "less", "turn-ons"),
    _count("tiles_committed", "more", "tiles committed"),
    _count("tiles_lost", "less", "tiles that a power failure took back"),
    _number("tiles_lost_share", "", "less", "lost tiles, of those committed or lost"),
    _count("checkpoints_saved", "", "checkpoints completed; None under a policy that takes none"),
    _count("checkpoints_torn", "less", "checkpoints cut by a brown-out; None under a policy that takes none"),
    # Energy: the terms of the book (engine/run.py), and sums of them
    _number("available_j", "J", "", "what the source offered at its maximum power point"),
    _number("harvested_j", "J", "more", "what was taken from the source"),
    _number("useful_j", "J", "more", "fetch, compute and write back of work that was kept"),
    _number("device_j", "J", "", "all that the microcontroller drew"),
    _number("energy_per_inference_j", "J", "less", "all that the microcontroller drew per unit of forward progress"),
    _number("frontend_loss_j", "J", "less", "lost in the front end"),
    _number("spilled_j", "J", "less", "spilled at the clamp"),
    _number("leaked_j", "J", "less", "leaked by the capacitor"),
    _number("esr_loss_j", "J", "less", "lost in the capacitor's series resistance"),
    _number("switch_loss_j", "J", "less", "lost switching banks"),
    _number("quiescent_j", "J", "less", "quiescent currents"),
    _number("regulator_loss_j", "J", "less", "lost in the regulator"),
    _number("boot_j", "J", "less", "boots"),
    _number("restore_j", "J", "less", "restores"),
    _number("index_j", "J", "less", "progress records"),
    _number("checkpoint_j", "J", "less", "checkpoints"),
    _number("sleep_j", "J", "less", "sleep"),
    _number("peripheral_j", "J", "", "peripheral tasks"),
    _number("lost_j", "J", "less", "work that a power failure took back"),
    _number("stored_delta_j", "J", "", "gained by the capacitor"),
    # What cannot be done
    _text("nontermination_layer", "the layer or task that can never complete"),
    _count("nontermination_tile", "", "the tile of that layer"),
    _number("nontermination_needed_j", "J", "", "what that work needs"),
    _number("nontermination_given_j", "J", "", "what a full charge gives"),
    _number("smallest_capacitance_f", "F", "", "the capacitance that would do; None where no capacitor helps"),
    # The supply as it was: variations, `hold` and parts in parallel applied
    _number("capacitance_f", "F", "less", "nominal capacitance of the storage capacitor"),
    _number("capacitor_mm3", "mm3", "less", "its volume; None where the part does not say"),
    _number("capacitor_usd", "USD", "less", "its price; None where the part does not say"),
    _number("v_on_v", "V", "", "turn-on threshold"),
    _number("v_off_v", "V", "", "turn-off threshold"),
    _number("swing_j", "J", "", "energy stored between v_on and v_off"),
)
METRIC_NAMES: tuple[str, ...] = tuple(metric.name for metric in METRICS)
METRICS_LISTED_BY = "simint whatif --help"
# Printed where nobody says what.
DEFAULT_METRICS = ("verdict", "inferences_finished", "latency_median_s", "latency_p95_s", "throughput_per_day", "limit")


def metrics_of(run: Run, scenario: Scenario, supply: Supply) -> dict[str, MetricValue]:
    """The metrics of a finished run, one for every name of `METRIC_NAMES`, in their order."""
    from simint.hardware.capacitor import stored_j
    from simint.report.hints import hint
    from simint.report.limits import find_limit
    from simint.report.summary import latency_of

    latency, book, kept, cause = latency_of(run.finished), run.energy, run.checkpoints, run.nontermination
    committed = sum(layer.tiles_committed for layer in run.layers)
    lost = sum(layer.tiles_lost for layer in run.layers)
    found: dict[str, MetricValue] = {f"{term.name}_j": getattr(book, term.name) for term in dataclasses.fields(book)}
    found |= {
        "verdict": run.verdict.value,
        "engine": run.engine.value,
        "limit": find_limit(run, scenario.workload.period is not None).value,
        "hint": hint(run, scenario, supply),
        "inferences_finished": len(run.finished),
        "inferences_released": len(run.inferences),
        "inferences_dropped": run.dropped,
        "deadlines_missed": run.deadlines_missed,
        "finished_share": finished_share(run, scenario),
        "deadline_met_share": _deadline_met_share(run),
        "latency_median_s": None if latency is None else latency.median_s,
        "latency_p95_s": None if latency is None else latency.p95_s,
        "latency_max_s": None if latency is None else latency.max_s,
        **times_within(run),
        "throughput_per_day": _ratio(len(run.finished) * _SECONDS_PER_DAY, run.duration_s),
        "forward_progress": run.progress,
        "duration_s": run.duration_s,
        "first_turn_on_s": run.first_turn_on_s,
        "off_s": run.time.off,
        "sleep_s": run.time.sleep,
        "working_s": run.working_s,
        "lost_s": run.time.lost,
        "imo_pct": run.imo_pct,
        "power_cycles": len(run.power_cycles),
        "tiles_committed": committed,
        "tiles_lost": lost,
        "tiles_lost_share": lost / (committed + lost) if lost else 0.0,
        "checkpoints_saved": None if kept is None else kept.saved,
        "checkpoints_torn": None if kept is None else kept.torn,
        "useful_j": book.fetch + book.compute + book.write_back,
        "device_j": book.device,
        "energy_per_inference_j": _ratio(book.device, run.progress),
        "capacitance_f": supply.capacitor.capacitance,
        "capacitor_mm3": supply.capacitor.volume_mm3,
        "capacitor_usd": None if supply.capacitor.price is None else supply.capacitor.price.usd,
        "v_on_v": supply.v_on,
        "v_off_v": supply.v_off,
        "swing_j": stored_j(supply.capacitor, supply.v_on) - stored_j(supply.capacitor, supply.v_off),
    }
    if cause is not None:
        found |= {
            "nontermination_layer": cause.layer,
            "nontermination_tile": cause.tile,
            "nontermination_needed_j": cause.needed_j,
            "nontermination_given_j": cause.given_j,
            "smallest_capacitance_f": cause.smallest_capacitance,
        }
    return {name: _finite(found.get(name)) for name in METRIC_NAMES}


def finished_share(run: Run, scenario: Scenario) -> float:
    """Finished inferences, of those asked for that had their time.

    Where a number of inferences is asked for, of that number. Else of the releases, the newest left out where only the
    end of the run cut it: it was not yet late. 0 where nothing was finished.
    """
    from simint.engine.run import Verdict

    finished, asked = len(run.finished), scenario.workload.inferences
    if asked is None:
        newest_was_cut = (
            run.verdict is Verdict.STOPPED and not max(run.inferences, key=lambda inference: inference.number).completed
            if run.inferences
            else False
        )
        asked = len(run.inferences) - newest_was_cut
    return finished / asked if finished else 0.0


def _deadline_met_share(run: Run) -> float | None:
    met = sum(inference.deadline_met is True for inference in run.inferences)
    return _ratio(met, met + run.deadlines_missed)


def _ratio(amount: float, unit: float) -> float | None:
    return amount / unit if unit > 0 else None


def _finite(value: MetricValue) -> MetricValue:
    return None if isinstance(value, float) and not math.isfinite(value) else value
