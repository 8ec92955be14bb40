"""Networks as JSON files; the format is described in docs/network_format.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from simint.config import decode
from simint.errors import InputError
from simint.files import read_document, replacing
from simint.network.layer import Layer, LayerKind
from simint.network.network import Network

NETWORK_FORMAT = "simint-network/1"


class _Document(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    format: str
    name: str
    layers: list[dict[str, Any]]
    notes: str = ""


def read_network(path: Path | str) -> Network:
    """Read a network file. Raises InputError in one line naming the file and the layer or field that is wrong."""
    data = read_document(Path(path), NETWORK_FORMAT, "network file")
    document = decode(data, _Document, str(path))
    try:
        layers = tuple(_layer(item, position) for position, item in enumerate(document.layers))
        return Network(name=document.name, layers=layers, notes=document.notes)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def write_network(network: Network, path: Path | str) -> None:
    """Write a network file, one layer a line; an existing file is replaced only by a complete one.

    Raises InputError where the file cannot be written.
    """
    with replacing(Path(path)) as draft:
        draft.write_text(network_text(network), encoding="utf-8")


def network_text(network: Network) -> str:
    """The content of a network file."""
    header = [
        f'  "{key}": {json.dumps(value)},\n'
        for key, value in (("format", NETWORK_FORMAT), ("name", network.name), ("notes", network.notes))
        if value
    ]
    layers = ",\n".join(f"    {json.dumps(_fields(layer))}" for layer in network.layers)
    return f'{{\n{"".join(header)}  "layers": [\n{layers}\n  ]\n}}\n'


def _layer(item: dict[str, Any], position: int) -> Layer:
    try:
        return msgspec.convert(item, Layer)
    except msgspec.ValidationError as error:
        message = str(error).replace("`$.", "`").replace("Object contains unknown field", "unknown key")
        if "enum value" in message:
            message += f", known: {', '.join(LayerKind)}"
        raise InputError(f"layer {item.get('name', position)!r} (number {position}): {message}") from None


def _fields(layer: Layer) -> dict[str, Any]:
    """The fields that differ from their default; one without a default is always there."""
    fields = ((field.name, getattr(layer, field.name), field.default) for field in msgspec.structs.fields(Layer))
    return {name: value for name, value, default in fields if value != default}
