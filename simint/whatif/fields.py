"""What can vary: a name as people write it, to a place in the scenario and what may stand there.

Every number, whole number, switch and choice of a scenario can vary, by its dotted place: `supply.quiescent`,
`platform.boot_time`, `workload.period`, `application.before.0.duration`. What replay's command line calls by a short
name has that name here too.
"""

from __future__ import annotations

import difflib
import enum
import functools
from dataclasses import dataclass, replace

from msgspec import inspect

from simint.errors import InputError

# Dotted places under their short names.
SHORT_NAMES = {
    "capacitance": "capacitor",
    "supply.capacitor.capacitance": "capacitor",
    "supply.capacitor": "capacitor",
    "supply.v_on": "v_on",
    "supply.v_off": "v_off",
    "trace.name": "trace",
    "policy.name": "policy",
    "scale": "trace.scale",
    "start": "trace.start",
    "end": "trace.end",
    "seed": "trace.seed",
    "guard": "policy.guard",
    "inferences": "workload.inferences",
    "deadline": "workload.deadline",
    "queue": "workload.queue",
    "objective": "design.objective",
    "margin": "design.margin",
}
# Whole parts, by name or file.
NAMED_PARTS = ("trace", "supply", "platform", "network", "policy", "design", "supply.converter", "supply.regulator")
# Words that name or explain, and the record of what was replayed: they change nothing.
_LABELS = {"name", "source", "description", "sha256", "versions", "layers", "provenance", "kind"}


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter that can vary.

    `kind`: `number` (with a `unit`, "" for none), `count` (whole numbers), `flag`, `choice` (one of `choices`), `part`
    (a name or file), or `capacitor` (a capacitance, or a part).
    """

    name: str
    kind: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    choice_type: type[enum.Enum] | None = None

    def meant(self, value: float | int | str) -> object:
        """A value as the scenario holds it: flags and choices are text on the way."""
        if self.kind == "flag":
            return value == "true"
        return value if self.choice_type is None else self.choice_type(value)

    @property
    def path(self) -> tuple[str, ...]:
        """The place in the scenario."""
        return tuple(self.name.split("."))


def find_field(name: str) -> Field:
    """The parameter of that name; InputError with the nearest known names where there is none."""
    name = SHORT_NAMES.get(name, name)
    known = known_fields()
    # The tasks of an application are numbered: `application.before.0.duration`.
    general = ".".join("0" if piece.isdigit() else piece for piece in name.split("."))
    if general not in known:
        raise InputError(f"--vary: unknown parameter {name!r}; {_suggestions(name, known)}")
    return replace(known[general], name=name)


@functools.cache
def known_fields() -> dict[str, Field]:
    """All parameters by name; a number in a name stands for any."""
    from simint.scenario import Scenario

    found: dict[str, Field] = {
        "capacitor": Field("capacitor", "capacitor", "F"),
        "parallel": Field("parallel", "count"),
        **{name: Field(name, "part") for name in NAMED_PARTS},
    }
    _collect(inspect.type_info(Scenario), "", found)
    return found


def _collect(info: inspect.Type, name: str, found: dict[str, Field]) -> None:
    """Add what varies in a type under `name`."""
    for option in info.types if isinstance(info, inspect.UnionType) else (info,):
        if isinstance(option, inspect.StructType):
            for field in option.fields:
                if field.name not in _LABELS:
                    place = f"{name}.{field.name}" if name else field.name
                    _collect(field.type, place, found)
        elif isinstance(option, inspect.VarTupleType) and isinstance(option.item_type, inspect.StructType):
            _collect(option.item_type, f"{name}.0", found)
        elif name not in found and name not in SHORT_NAMES:
            leaf = _leaf(option, name)
            if leaf is not None:
                found[name] = leaf


def _leaf(option: inspect.Type, name: str) -> Field | None:
    if isinstance(option, inspect.Metadata) and isinstance(option.type, inspect.FloatType):
        return Field(name, "number", str((option.extra or {}).get("unit", "")))
    if isinstance(option, inspect.FloatType):
        return Field(name, "number")
    if isinstance(option, inspect.IntType):
        return Field(name, "count")
    if isinstance(option, inspect.BoolType):
        return Field(name, "flag")
    if isinstance(option, inspect.EnumType):
        return Field(name, "choice", choices=tuple(str(member.value) for member in option.cls), choice_type=option.cls)
    if isinstance(option, inspect.StrType) and name == "design.objective":
        from simint.scenario import OBJECTIVES

        return Field(name, "choice", choices=OBJECTIVES)
    return None


def _suggestions(name: str, known: dict[str, Field]) -> str:
    last = name.rpartition(".")[2]
    same_end = [place for place in known if place.rpartition(".")[2] == last]
    near = difflib.get_close_matches(name, [*known, *SHORT_NAMES], n=4, cutoff=0.6)
    near += difflib.get_close_matches(last, list({place.rpartition(".")[2] for place in known}), n=2, cutoff=0.8)
    by_end = [place for place in known if place.rpartition(".")[2] in near]
    found = list(dict.fromkeys([*same_end, *(item for item in near if item in known or item in SHORT_NAMES), *by_end]))
    if found:
        return f"did you mean {', '.join(found[:6])}?"
    parts = ", ".join(("capacitor", "parallel", *NAMED_PARTS))
    return (
        f"known: {parts}, and every number of a scenario by its place, such as v_on, supply.quiescent, "
        "platform.boot_time, workload.period, trace.scale"
    )
