"""From the values of one point to its scenario."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from simint.errors import InputError
from simint.hardware.capacitor import Capacitor, in_parallel, resized, stored_j
from simint.hardware.supply import Supply
from simint.scenario import DesignChoice, Scenario, TraceChoice
from simint.trace.readers.options import NO_OPTIONS
from simint.whatif.fields import Field, find_field
from simint.whatif.parts import BEST, HELD
from simint.whatif.resolve import Resolved, designs_of
from simint.whatif.study import Hold, Study
from simint.whatif.variation import Value

# Assignments by field, nested as the scenario is.
Tree = dict[str, Any]

# Handled one by one below, not by their place.
_WHOLE = {
    *("trace", "supply", "platform", "network", "policy", "design", "capacitor", "parallel"),
    *("supply.converter", "supply.regulator", "v_on", "v_off"),
}
# A part counts as fitting where it exceeds the volume by rounding alone.
_SAME_VOLUME = 1e-9


def scenario_at(study: Study, resolved: Resolved, values: Mapping[str, Value]) -> Scenario:
    """The scenario of one point, with the content of its parts in the place of their names; the trace keeps its name.

    Raises InputError where the values contradict each other or name what the scenario does not have.
    """
    base, tree = study.scenario, _tree(values)
    changes: dict[str, Any] = {
        "trace": _assigned(_trace(base.trace, resolved, values), tree.pop("trace", {}), "trace"),
        "supply": _supply(study, resolved, values, tree.pop("supply", {})),
        "capacitor": None,
        "capacitance": None,
        "v_on": None,
        "v_off": None,
        "platform": _assigned(_platform(base, resolved, values), tree.pop("platform", {}), "platform"),
        "network": _network(base, resolved, values),
        "policy": resolved.policies[str(values["policy"])] if "policy" in values else base.policy,
        "design": _design(study, resolved, values),
        "versions": {},
    }
    for field in ("policy", "design"):
        changes[field] = _assigned(changes[field], tree.pop(field, {}), field)
    for field in list(tree):
        changes[field] = _assigned(getattr(base, field), tree.pop(field), field)
    scenario: Scenario = _replaced(base, changes, "scenario")
    return scenario


def wants_held(study: Study, values: Mapping[str, Value]) -> bool:
    """Whether the designs of a point are those that are best for the base scenario."""
    if "design" in values:
        return values["design"] == HELD
    return study.held and not study.scenario.design.layers


def _tree(values: Mapping[str, Value]) -> Tree:
    """The dotted assignments as nested tables."""
    tree: Tree = {}
    for name, value in values.items():
        if name not in _WHOLE:
            field = find_field(name)
            table = tree
            for piece in field.path[:-1]:
                table = table.setdefault(piece, {})
            table[field.path[-1]] = _Leaf(field, value)
    return tree


class _Leaf:
    """A value and what it is meant for."""

    def __init__(self, field: Field, value: Value) -> None:
        self.value = field.meant(value)


def _assigned(part: Any, change: Any, place: str) -> Any:
    """A part with a tree of changes applied, all fields of a struct at once: together they may be legal."""
    if isinstance(change, _Leaf):
        return change.value
    if not change:
        return part
    if isinstance(part, tuple):
        items = list(part)
        for index, inner in change.items():
            if int(index) >= len(items):
                raise InputError(f"`{place}` has {len(items)} entries, there is no `{place}.{index}`")
            items[int(index)] = _assigned(items[int(index)], inner, f"{place}.{index}")
        return tuple(items)
    if part is None:
        raise InputError(f"`{place}` is absent here, so `{place}.{next(iter(change))}` cannot be set")
    for field in change:
        if not hasattr(part, field):
            raise InputError(f"`{place}` is a {type(part).__name__.lower()} here and has no `{field}`")
    inner = {field: _assigned(getattr(part, field), item, f"{place}.{field}") for field, item in change.items()}
    return _replaced(part, inner, place)


def _replaced(part: Any, changes: Mapping[str, Any], place: str) -> Any:
    try:
        return msgspec.structs.replace(part, **changes)
    except InputError as error:
        raise InputError(f"{place}: {error}") from None


def _trace(base: TraceChoice, resolved: Resolved, values: Mapping[str, Value]) -> TraceChoice:
    """Another trace starts afresh, but is scaled, continued and (a file) read as the base's."""
    word = str(values.get("trace", base.name))
    place = resolved.traces[word]
    if word == base.name:
        # Its content is checked once for the whole study.
        return msgspec.structs.replace(base, name=place, sha256=None)
    read = NO_OPTIONS if place == word else base.read
    return TraceChoice(name=place, read=read, scale=base.scale, end=base.end)


def _platform(base: Scenario, resolved: Resolved, values: Mapping[str, Value]) -> Any:
    word = values.get("platform", base.platform)
    return resolved.platforms[word] if isinstance(word, str) else word


def _network(base: Scenario, resolved: Resolved, values: Mapping[str, Value]) -> Any:
    word = values.get("network", base.network)
    return resolved.networks[word] if isinstance(word, str) else word


def _design(study: Study, resolved: Resolved, values: Mapping[str, Value]) -> DesignChoice:
    base, word = study.scenario.design, values.get("design")
    if word in (BEST, HELD):
        return msgspec.structs.replace(base, layers=())
    if word is not None:
        network = values.get("network", study.scenario.network)
        layers = designs_of(resolved, str(word), network if isinstance(network, str) else "")
        return msgspec.structs.replace(base, layers=layers, objective=None)
    # Designs of a scenario hold for its network and platform, as replay has it.
    return msgspec.structs.replace(base, layers=()) if {"network", "platform"} & set(values) else base


def _supply(study: Study, resolved: Resolved, values: Mapping[str, Value], tree: Tree) -> Supply:
    """The supply with its parts, thresholds and capacitor, all at once."""
    base = study.scenario
    word = values.get("supply", base.supply)
    supply = word if isinstance(word, Supply) else resolved.supplies[str(word)]
    changes: dict[str, Any] = {}
    for field, parts in (("converter", resolved.converters), ("regulator", resolved.regulators)):
        if f"supply.{field}" in values:
            changes[field] = parts[str(values[f"supply.{field}"])]
    for field in ("v_on", "v_off"):
        value = values.get(field, getattr(base, field))
        if value is not None:
            changes[field] = value
    capacitor = _assigned(_capacitor(supply, base, resolved, values), tree.pop("capacitor", {}), "supply.capacitor")
    for field, change in tree.items():
        changes[field] = _assigned(changes.get(field, getattr(supply, field)), change, f"supply.{field}")
    if "parallel" in values:
        capacitor = in_parallel(capacitor, int(values["parallel"]))
    if study.hold is not None and values:
        reference = _supply(study, resolved, {}, {})
        if study.hold is Hold.VOLUME:
            capacitor = _same_volume(capacitor, reference.capacitor)
        else:
            v_on, v_off = changes.get("v_on", supply.v_on), changes.get("v_off", supply.v_off)
            capacitor = _same_energy(capacitor, v_on, v_off, reference)
    whole: Supply = _replaced(supply, {**changes, "capacitor": capacitor}, "supply")
    return whole


def _capacitor(supply: Supply, base: Scenario, resolved: Resolved, values: Mapping[str, Value]) -> Capacitor:
    """Another part, or another capacitance and all else the same."""
    value = values.get("capacitor")
    if isinstance(value, str):
        return resolved.capacitors[value]
    part = supply.capacitor if base.capacitor is None else resolved.capacitors[base.capacitor]
    capacitance = base.capacitance if value is None else value
    return part if capacitance is None else _sized(part, capacitance)


def _sized(capacitor: Capacitor, capacitance: float) -> Capacitor:
    try:
        return resized(capacitor, capacitance)
    except InputError as error:
        raise InputError(f"capacitor: {error}") from None


def _same_energy(capacitor: Capacitor, v_on: float, v_off: float, reference: Supply) -> Capacitor:
    """The capacitance that stores as much between the thresholds as the base's; stored energy is linear in it."""
    swing_j = stored_j(capacitor, v_on) - stored_j(capacitor, v_off)
    if not swing_j > 0:
        raise InputError(f"supply: `v_on` must lie above `v_off` ({v_off:g} V), got {v_on:g} V")
    wanted_j = stored_j(reference.capacitor, reference.v_on) - stored_j(reference.capacitor, reference.v_off)
    return _sized(capacitor, capacitor.capacitance * wanted_j / swing_j)


def _same_volume(capacitor: Capacitor, reference: Capacitor) -> Capacitor:
    """As many in parallel as fit into the volume of the base's capacitor."""
    for part, owner in ((capacitor, "the capacitor"), (reference, "the base scenario's capacitor")):
        if part.volume_mm3 is None:
            name = f" {part.name!r}" if part.name else ""
            raise InputError(f"--hold volume: {owner}{name} has no `volume_mm3`; choose parts that have one")
    assert capacitor.volume_mm3 is not None
    assert reference.volume_mm3 is not None
    count = math.floor(reference.volume_mm3 / capacitor.volume_mm3 * (1 + _SAME_VOLUME))
    if count < 1:
        raise InputError(
            f"--hold volume: capacitor {capacitor.name!r} of {capacitor.volume_mm3:g} mm3 does not fit into "
            f"{reference.volume_mm3:g} mm3"
        )
    return in_parallel(capacitor, count)
