"""TOML files into checked, frozen structs: unit text is read by the field's unit, unknown keys are refused by name."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from simint.errors import InputError
from simint.naming import listing
from simint.units import parse_quantity


def _unit(name: str) -> msgspec.Meta:
    return msgspec.Meta(extra={"unit": name})


# Field types: a float in SI units inside, text with a unit allowed in files.
Farad = Annotated[float, _unit("F")]
Ohm = Annotated[float, _unit("ohm")]
Volt = Annotated[float, _unit("V")]
Ampere = Annotated[float, _unit("A")]
Watt = Annotated[float, _unit("W")]
Joule = Annotated[float, _unit("J")]
Second = Annotated[float, _unit("s")]
Hertz = Annotated[float, _unit("Hz")]
SquareMetre = Annotated[float, _unit("m2")]
Ratio = Annotated[float, _unit("")]  # `15%` is 0.15

T = TypeVar("T")


def decode(data: Mapping[str, Any], kind: type[T], where: str, text_numbers: bool = False) -> T:
    """Build a `kind` (a msgspec Struct) from plain TOML or JSON data.

    Fields declared with a unit type accept text such as `5mF`; with `text_numbers`, for data that is all text, every
    number may be text. Raises InputError naming `where` and the field for
    unknown keys, missing keys, wrong types, wrong units, and whatever the struct itself refuses.
    """
    try:
        parsed = _parse_units(data, msgspec.inspect.type_info(kind), where, "")
        return msgspec.convert(parsed, kind, strict=not text_numbers)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}: {_plain(str(error))}") from None
    except InputError as error:
        if str(error).startswith(where):
            raise
        raise InputError(f"{where}: {error}") from None


def load_toml(path: Path, kind: type[T]) -> T:
    """Read one TOML file into a `kind`; errors name the file and the field."""
    return decode(read_toml(path), kind, str(path))


def read_toml(path: Path) -> dict[str, Any]:
    """The plain data of a TOML file; InputError where it is missing or not TOML."""
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not valid TOML: {error}") from None


def _parse_units(value: Any, info: msgspec.inspect.Type, where: str, field: str) -> Any:
    if isinstance(info, msgspec.inspect.Metadata):
        unit = (info.extra or {}).get("unit")
        if unit is not None and isinstance(value, (str, int, float)) and not isinstance(value, bool):
            return parse_quantity(value, unit, f"{where}: {field}")
        return _parse_units(value, info.type, where, field)
    if isinstance(info, msgspec.inspect.StructType) and isinstance(value, Mapping):
        types = {f.encode_name: f.type for f in info.fields}
        unknown = [key for key in value if key not in types and key != info.tag_field]
        if unknown and info.forbid_unknown_fields:
            raise InputError(f"{where}: unknown key `{_path(field, unknown[0])}`; {listing(types, str(unknown[0]))}")
        return {
            key: _parse_units(item, types[key], where, _path(field, key)) if key in types else item
            for key, item in value.items()
        }
    if isinstance(info, msgspec.inspect.EnumType) and isinstance(value, str):
        words = [str(member.value) for member in info.cls]
        if value not in words:
            raise InputError(f"{where}: `{field}` must be one of {', '.join(words)}, got {value!r}")
    if isinstance(info, msgspec.inspect.UnionType) and value is not None:
        option = _option_for(value, info, where, field)
        return value if option is None else _parse_units(value, option, where, field)
    if isinstance(info, (msgspec.inspect.ListType, msgspec.inspect.VarTupleType)) and isinstance(value, list):
        return [_parse_units(item, info.item_type, where, f"{field}[{i}]") for i, item in enumerate(value)]
    return value


def _option_for(value: Any, info: msgspec.inspect.UnionType, where: str, field: str) -> msgspec.inspect.Type | None:
    """The type of a union that a value is meant for: a struct by its tag, or the only type that carries units."""
    options = [o for o in info.types if isinstance(o, (msgspec.inspect.Metadata, msgspec.inspect.StructType))]
    tagged = [o for o in options if isinstance(o, msgspec.inspect.StructType) and o.tag_field is not None]
    if tagged and isinstance(value, Mapping):
        key = str(tagged[0].tag_field)
        for option in tagged:
            if value.get(key) == option.tag:
                return option
        tags = ", ".join(str(option.tag) for option in tagged)
        raise InputError(f"{where}: `{_path(field, key)}` must be one of {tags}, got {value.get(key)!r}")
    if not isinstance(value, Mapping):
        options = [o for o in options if isinstance(o, msgspec.inspect.Metadata)]
    return options[0] if options else None


def _path(field: str, key: object) -> str:
    return f"{field}.{key}" if field else str(key)


def _plain(message: str) -> str:
    """msgspec writes `... - at `$.capacitor.x``; people look for `capacitor.x`."""
    return message.replace("`$.", "`")


def struct_hash(thing: Any) -> str:
    """SHA-256 (hex) of something that msgspec writes as JSON: equal content, equal hash."""
    return hashlib.sha256(msgspec.json.encode(thing)).hexdigest()
