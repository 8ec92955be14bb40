"""Whether the regulator of a supply can give what the device draws."""

from __future__ import annotations

from simint.engine.program import FIRST, SECOND, Activity, Program
from simint.errors import InputError
from simint.hardware.supply import Supply
from simint.units import format_quantity


def require_current(supply: Supply, program: Program, sleep_power_w: float = 0.0) -> None:
    """Raise InputError where a phase of the program draws more than `regulator.output_current_max`."""
    regulator = supply.regulator
    if regulator is None:
        return
    power_w, what = largest_power(program)
    if sleep_power_w > power_w:
        power_w, what = sleep_power_w, "sleep"
    current = power_w / regulator.output_voltage
    if current > regulator.output_current_max:
        raise InputError(
            f"`regulator.output_current_max` of {format_quantity(regulator.output_current_max, 'A')} is too little: "
            f"{what} draws {format_quantity(current, 'A')} at {regulator.output_voltage:g} V"
        )


def largest_power(program: Program) -> tuple[float, str]:
    """The highest power of all phases, W, and which phase draws it: `boot`, or `compute of layer1`."""
    phases: list[tuple[float, str]] = [(0.0, "nothing")]
    tables = [(program.start, "")]
    tables += [(rows, program.names[step.section]) for step in program.all_steps for rows in (step.warm, step.cold)]
    tables += [
        (rows, name) for both in (program.saves, program.loads) for rows, name in zip(both, program.names, strict=True)
    ]
    for rows, where in tables:
        for row in rows:
            for phase in (FIRST, SECOND):
                if row[phase + 2] > 0.0:
                    name = Activity(int(row[phase])).name.lower().replace("_", " ")
                    phases.append((float(row[phase + 1]), f"{name} of {where}" if where else name))
    return max(phases)
