"""Whether a supply can give what the device draws: the regulator its current, the capacitor its boot."""

from __future__ import annotations

from simint.engine.program import FIRST, SECOND, Activity, Program
from simint.errors import InputError
from simint.hardware.supply import Supply
from simint.physics.source import no_element
from simint.physics.terminals import point_at
from simint.physics.wiring import bin_at, build_node, join, load_of
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


def require_boot(supply: Supply, program: Program) -> None:
    """Raise InputError where the boot's load alone takes the terminals from `v_on` to `v_off`, at once and for ever."""
    node = build_node(supply)
    power_w = max((float(row[phase + 1]) for row in program.start for phase in (FIRST, SECOND)), default=0.0)
    if node.esr == 0.0 or power_w == 0.0:
        return
    loaded = join(node, no_element(), bin_at(node, supply.v_on, False), load_of(node, power_w, True))
    needed = 4.0 * node.esr * -loaded.a
    stands = (supply.v_on + node.esr * loaded.b) ** 2 >= needed
    left_v = point_at(loaded, node.esr, supply.v_on).u if stands else 0.0
    if left_v <= supply.v_off:
        raise InputError(
            f"`capacitor.esr` of {format_quantity(node.esr, 'ohm')} is too much: the boot draws "
            f"{format_quantity(power_w, 'W')}, which takes the terminals from `v_on` = {supply.v_on:g} V to "
            f"{left_v:.3g} V at once, not above `v_off` = {supply.v_off:g} V"
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
