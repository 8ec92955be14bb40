"""What a column of a study is called, which unit it has, and how its values are written for people."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

from simint.units import format_duration, format_quantity


class Better(enum.Enum):
    """Which end of a metric one wants."""

    LOW = "lowest"
    HIGH = "highest"


@dataclass(frozen=True, slots=True)
class Column:
    """A parameter or metric: `unit` is an SI unit, "%", "/d", or "" for counts and text.

    `label` begins a sentence or an axis. `better` is None for what is neither good nor bad.
    """

    name: str
    label: str
    unit: str = ""
    better: Better | None = None


_LOW, _HIGH = Better.LOW, Better.HIGH
# Parameters first. Where smaller is better the reason is the board: volume, price, time to charge.
_KNOWN = (
    Column("capacitor", "Capacitance", "F", _LOW),
    Column("capacitance", "Capacitance", "F", _LOW),
    Column("v_on", "Turn-on threshold", "V"),
    Column("v_off", "Turn-off threshold", "V"),
    Column("v_max", "Clamp", "V"),
    Column("v_checkpoint", "Checkpoint threshold", "V"),
    Column("v_resume", "Resume threshold", "V"),
    Column("initial_voltage", "Initial voltage", "V"),
    Column("period", "Period", "s"),
    Column("deadline", "Deadline", "s"),
    Column("duration", "Duration", "s"),
    Column("start", "Start in the trace", "s"),
    Column("scale", "Scale of the harvest"),
    Column("leakage", "Leakage resistance", "ohm"),
    Column("esr", "Series resistance", "ohm", _LOW),
    Column("efficiency", "Converter efficiency"),
    Column("margin", "Margin of a batch"),
    Column("energy", "Stored energy between the thresholds", "J", _LOW),
    Column("energy_budget", "Stored energy between the thresholds", "J", _LOW),
    Column("volume", "Capacitor volume", "m3", _LOW),
    Column("cost", "Cost", "", _LOW),
    Column("inferences_finished", "Inferences finished", "", _HIGH),
    Column("inferences_released", "Inferences released"),
    Column("progress", "Inferences, begun ones in part", "", _HIGH),
    Column("latency_median_s", "Median latency", "s", _LOW),
    Column("latency_mean_s", "Mean latency", "s", _LOW),
    Column("latency_p95_s", "Latency, 95th percentile", "s", _LOW),
    Column("latency_max_s", "Longest latency", "s", _LOW),
    Column("throughput_per_day", "Inferences per day", "/d", _HIGH),
    Column("first_turn_on_s", "Time to the first turn-on", "s", _LOW),
    Column("deadlines_missed", "Deadlines missed", "", _LOW),
    Column("dropped", "Releases dropped", "", _LOW),
    Column("power_cycles", "Power cycles"),
    Column("imo_pct", "Intermittency overhead (IMO)", "%", _LOW),
    Column("energy_per_inference_j", "Energy per inference", "J", _LOW),
    Column("smallest_capacitance_f", "Smallest capacitance that would do", "F"),
    Column("harvested_j", "Harvested energy", "J", _HIGH),
    Column("lost_j", "Energy of lost work", "J", _LOW),
    Column("leaked_j", "Energy leaked", "J", _LOW),
    Column("spilled_j", "Energy spilled at the clamp", "J", _LOW),
)
_BY_NAME = {column.name: column for column in _KNOWN}
# Endings that carry the unit, the longest first.
_ENDINGS = (
    ("_per_inference_j", "J"),
    ("_per_day", "/d"),
    ("_bytes", "B"),
    ("_pct", "%"),
    ("_ohm", "ohm"),
    ("_m3", "m3"),
    ("_s", "s"),
    ("_j", "J"),
    ("_w", "W"),
    ("_v", "V"),
    ("_a", "A"),
    ("_f", "F"),
)


def column_of(name: str) -> Column:
    """The column of that name; an unknown one takes its unit from its ending and its label from its name."""
    # A dotted parameter such as supply.v_on is known by its last word.
    short = name.rpartition(".")[2]
    if short in _BY_NAME:
        known = _BY_NAME[short]
        return Column(name, known.label, known.unit, known.better)
    stem, unit = next(((short[: -len(end)], unit) for end, unit in _ENDINGS if short.endswith(end)), (short, ""))
    words = stem.replace("_", " ").strip() or short
    return Column(name, words[:1].upper() + words[1:], unit)


def value_text(column: Column, value: object, digits: int = 3) -> str:
    """A value for people: `1.2 mF`, `4 min 5 s`, `12 %`, `3,312 per day`; nothing for what does not exist."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, (int, float)):
        return str(value)
    number = float(value)
    if column.unit == "s":
        return format_duration(number)
    if column.unit == "m3":
        return f"{number * 1e9:.{digits}g} mm³" if math.isfinite(number) else str(number)
    if column.unit in ("", "%", "/d", "B"):
        return f"{plain_number(number, digits)}{_AFTER[column.unit]}"
    return format_quantity(number, column.unit, digits).replace(" u", " µ")


_AFTER = {"": "", "%": " %", "/d": " per day", "B": " B"}


def plain_number(number: float, digits: int = 3) -> str:
    """A number without unit: whole ones in full with commas, others with some digits, never in scientific notation."""
    if not math.isfinite(number):
        return "never" if number > 0 else str(number)
    if number == round(number) or abs(number) >= 10**digits:
        return f"{number:,.0f}"
    if 0 < abs(number) < 1e-4:
        return f"{number:.{digits}g}"
    decimals = max(digits - 1 - math.floor(math.log10(abs(number))), 0)
    text = f"{number:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
