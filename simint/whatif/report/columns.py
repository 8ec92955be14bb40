"""What a column of a study is called, which unit it has, and how its values are written for people."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

from simint.units import format_duration, format_quantity
from simint.whatif.metrics import METRICS
from simint.whatif.within import WITHIN_PERCENTS, within_name


class Better(enum.Enum):
    """Which end of a metric one wants."""

    LOW = "lowest"
    HIGH = "highest"


@dataclass(frozen=True, slots=True)
class Column:
    """A parameter or metric: `unit` is an SI unit, `%`, `1/d`, `mm3`, `USD`, or empty for counts, shares and text.

    `label` begins a sentence or an axis. `better` is None for what is neither good nor bad in itself.
    """

    name: str
    label: str
    unit: str = ""
    better: Better | None = None


# Labels that the name alone does not give.
_LABELS = {
    **{within_name(percent): f"Time within which {percent} % finish" for percent in WITHIN_PERCENTS},
    "capacitor": "Capacitance",
    "parallel": "Capacitors in parallel",
    "v_on": "Turn-on threshold",
    "v_off": "Turn-off threshold",
    "v_max": "Clamp",
    "v_checkpoint": "Checkpoint threshold",
    "v_resume": "Resume threshold",
    "esr": "Series resistance",
    "trace.scale": "Scale of the harvest",
    "trace.start": "Start in the trace",
    "trace.seed": "Seed of the trace",
    "policy.guard": "Guard",
    "policy.period": "Period of the timer",
    "workload.period": "Period of the releases",
    "design.margin": "Margin of a batch",
    "design.objective": "Objective of the design",
    "finished_share": "Inferences finished, share",
    "deadline_met_share": "Deadlines met, share",
    "latency_median_s": "Median latency",
    "latency_p95_s": "Latency, 95th percentile",
    "latency_max_s": "Longest latency",
    "throughput_per_day": "Inferences per day",
    "first_turn_on_s": "Time to the first turn-on",
    "imo_pct": "Intermittency overhead (IMO)",
    "smallest_capacitance_f": "Smallest capacitance that would do",
    "capacitance_f": "Capacitance",
    "capacitor_mm3": "Volume of the capacitor",
    "capacitor_usd": "Price of the capacitor",
    "v_on_v": "Turn-on threshold",
    "v_off_v": "Turn-off threshold",
    "swing_j": "Energy between the thresholds",
    "seconds": "Wall time of the point",
    "lost_s": "Time of lost work",
    "lost_j": "Energy of lost work",
}
# For headings of narrow tables.
_SHORT = {
    "inferences_finished": "Finished",
    "finished_share": "Share",
    "latency_median_s": "Median latency",
    "latency_p95_s": "p95 latency",
    "latency_max_s": "Max latency",
    **{within_name(percent): f"{percent} % within" for percent in WITHIN_PERCENTS},
    "throughput_per_day": "Per day",
    "imo_pct": "IMO",
    "v_on": "v_on",
    "v_off": "v_off",
    "capacitance_f": "Capacitance",
}
_METRICS = {metric.name: metric for metric in METRICS}
_BETTER = {"less": Better.LOW, "more": Better.HIGH}
# Smaller parts take less room and money, and charge sooner.
_SMALL_PARAMETERS = {"capacitor", "parallel", "esr"}


def metric_column(name: str) -> Column:
    """The metric of that name; a column that no list of metrics knows takes its label from its name."""
    if name not in _METRICS:
        return Column(name, _label(name), "s" if name == "seconds" else "")
    metric = _METRICS[name]
    return Column(name, _label(name), metric.unit, _BETTER.get(metric.better))


def parameter_column(name: str, unit: str) -> Column:
    """The varied parameter of that name."""
    small = name.rpartition(".")[2] in _SMALL_PARAMETERS
    return Column(name, _label(name), unit, Better.LOW if small else None)


def _label(name: str) -> str:
    short = name.rpartition(".")[2]
    if name in _LABELS or short in _LABELS:
        return _LABELS.get(name) or _LABELS[short]
    endings = ("_s", "_j", "_pct", "_f", "_v", "_mm3", "_usd")
    stem = next((short[: -len(ending)] for ending in endings if short.endswith(ending)), short)
    words = stem.replace("_", " ").strip() or short
    return words[:1].upper() + words[1:]


def value_text(column: Column, value: object, digits: int = 3) -> str:
    """A value for people: `1.2 mF`, `4 min 5 s`, `12 %`, `3,312 per day`; nothing for what does not exist."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    try:
        number = float(value)  # type: ignore[arg-type]  # numpy's numbers are numbers too
    except (TypeError, ValueError):
        return str(value)
    if column.unit == "s":
        return format_duration(number)
    if column.name.endswith("_share"):
        return f"{plain_number(100.0 * number, digits)} %"
    if column.unit in _AFTER:
        return f"{plain_number(number, digits)}{_AFTER[column.unit]}"
    return format_quantity(number, column.unit, digits).replace(" u", " µ")


_AFTER = {"": "", "%": " %", "1/d": " per day", "B": " B", "mm3": " mm³", "USD": " USD"}


def plain_number(number: float, digits: int = 3) -> str:
    """A number without unit: whole ones in full with commas, others with some digits."""
    if not math.isfinite(number):
        return "never" if number > 0 else str(number)
    if number == round(number) or abs(number) >= 10**digits:
        return f"{number:,.0f}"
    if abs(number) < 1e-4:
        return f"{number:.{digits}g}"
    decimals = max(digits - 1 - math.floor(math.log10(abs(number))), 0)
    text = f"{number:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def in_sentence(column: Column) -> str:
    """The label inside a sentence."""
    return column.label[:1].lower() + column.label[1:]


def heading(column: Column) -> str:
    """The label as the heading of a narrow table."""
    return _SHORT.get(column.name, column.label)
