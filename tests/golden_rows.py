"""Rows of the golden files as the nouns of simint."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from simint.network.layer import Layer, LayerKind


def read_json(path: Path) -> Any:
    with gzip.open(path, "rt") if path.suffix == ".gz" else open(path) as file:
        return json.load(file)


def layer_from_row(row: list[Any]) -> Layer:
    """A layer row: name, kind, op, K = [M, N, Kh, Kw], stride, pad, IFM and OFM as [n, channels, height, width]."""
    name, kind, op, kernel, stride, pad, ifm, ofm = row[:8]
    if op.startswith("DW"):
        kind = "DW"
    window: dict[str, Any] = {}
    if kind in ("CONV", "DW"):
        # A 1-D layer has width 1; its kernel moves and its padding lies along the height only.
        one_dimensional = op.endswith("1D")
        window = {
            "kernel": tuple(kernel[2:]),
            "stride": (stride, 1 if one_dimensional else stride),
            "pad": (pad, pad, 0, 0) if one_dimensional else (pad, pad, pad, pad),
        }
    elif kind == "FC":
        window = {"kernel": tuple(kernel[2:])}
    return Layer(name=name, kind=LayerKind(kind), ifm=tuple(ifm[1:]), ofm=tuple(ofm[1:]), **window)
