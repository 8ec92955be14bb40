"""Execution designs as a JSON file: what `explore --out` writes and `replay --design` reads.

{"format": "simint-designs/1", "network": "tinas-har-l25", "layers": [
  {"layer": "CONV_0", "tr": 32, "tc": 1, "tm": 10, "tn": 9, "order": "W", "s": 1}, ...]}
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec

from simint.config import decode
from simint.errors import InputError
from simint.files import read_document, replacing
from simint.network.layer import Layer
from simint.network.network import Network
from simint.tiling.design import ExecutionDesign, Order

DESIGNS_FORMAT = "simint-designs/1"


class _LayerEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    layer: str
    tr: int
    tc: int
    tm: int
    tn: int = 1
    order: Order = Order.OUTPUT
    s: int = 1

    @property
    def design(self) -> ExecutionDesign:
        return ExecutionDesign(tr=self.tr, tc=self.tc, tm=self.tm, tn=self.tn, order=self.order, s=self.s)


class _Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: str
    network: str
    layers: tuple[_LayerEntry, ...]


def write_designs(
    path: Path | str, network_name: str, layers: Sequence[Layer], designs: Sequence[ExecutionDesign]
) -> None:
    """Write one design a layer; an existing file is replaced only by a complete one.

    Raises InputError where the numbers of layers and designs differ or the file cannot be written.
    """
    if len(layers) != len(designs):
        raise InputError(f"network {network_name!r}: {len(designs)} designs for {len(layers)} layers")
    lines = ",\n".join(
        f"    {json.dumps({'layer': layer.name, **msgspec.to_builtins(design)})}"
        for layer, design in zip(layers, designs, strict=True)
    )
    header = f'  "format": "{DESIGNS_FORMAT}",\n  "network": {json.dumps(network_name)},\n'
    with replacing(Path(path)) as draft:
        draft.write_text(f'{{\n{header}  "layers": [\n{lines}\n  ]\n}}\n', encoding="utf-8")


def read_designs(path: Path | str, network: Network) -> tuple[ExecutionDesign, ...]:
    """The designs of a file, which must name the layers of `network` in their order.

    Whether a design suits its layer is checked where it is used. Raises InputError in one line naming the file and the
    field, or the layer at which file and network part.
    """
    data = read_document(Path(path), DESIGNS_FORMAT, "file of designs")
    document = decode(data, _Document, str(path))
    found, wanted = [entry.layer for entry in document.layers], [layer.name for layer in network.layers]
    if found != wanted:
        place = next((k for k, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b), None)
        where = (
            f"{len(found)} layers instead of {len(wanted)}"
            if place is None
            else f"layer {found[place]!r} instead of {wanted[place]!r} (number {place})"
        )
        raise InputError(
            f"{path}: designs of network {document.network!r} do not suit network {network.name!r}: {where}"
        )
    try:
        return tuple(entry.design for entry in document.layers)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
