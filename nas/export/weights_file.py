"""Fixed-point networks as `.npz` (to read back) and as a C header (to compile in)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from nas.data.normalisation import Normalisation
from nas.export.quantise import FixedLayer, FixedNetwork, FixedTensor
from simint.errors import InputError
from simint.files import replacing
from simint.network.network import Network

WEIGHTS_FORMAT = "simint-weights/1"
_PER_LINE = 12
_MEANING = """\
/* {title}
 *
 * Layers stand in execution order, none is folded into another; the comment before a layer says whose maps it reads. A
 * 16-bit number q of a tensor with f fraction bits means q * 2^-f. With x_bits those of the map that is read:
 *   convolution, fully connected   sum = sum of x * weight + (offset << (x_bits + weight_bits - offset_bits))
 *   batch normalisation            the same with one weight and one offset a channel
 *   addition                       sum of both maps, the one of fewer fraction bits shifted left first
 *   averages                       sum over the window divided by its size, padded zeros counted
 *   output = saturate(round(sum, shifted right to OUTPUT_BITS)), halves up; then max(0, output) where RELU is 1
 * Weights are laid out [output channel][input channel of the group][row][column].
 * A raw sample is normalised, (raw - mean) / scale, at the resolution of its data set, resized to the input map where
 * that is smaller, and then q = round(value * 2^{upper}_INPUT_BITS). */
"""


class _Formats(msgspec.Struct, kw_only=True):
    """The numbers of fraction bits, as they stand in the `.npz` beside the arrays."""

    format: str
    input_bits: int
    relu_after: list[int]
    output_bits: list[int]
    weight_bits: list[int | None]
    offset_bits: list[int | None]


def write_weights(path: Path, fixed: FixedNetwork, normalisation: Normalisation) -> None:
    """Write `LAYER.weight` and `LAYER.offset` (int16), `mean` and `scale`, and `formats` (JSON) as `.npz`."""
    formats = _Formats(
        format=WEIGHTS_FORMAT,
        input_bits=fixed.input_bits,
        relu_after=sorted(fixed.relu_after),
        output_bits=[layer.output_bits for layer in fixed.layers],
        weight_bits=[None if layer.weight is None else layer.weight.bits for layer in fixed.layers],
        offset_bits=[None if layer.offset is None else layer.offset.bits for layer in fixed.layers],
    )
    arrays: dict[str, Any] = {"formats": np.array(msgspec.json.encode(formats).decode())}
    for name, _, tensor in _tensors(fixed):
        arrays[name] = tensor.numbers
    with replacing(path) as draft, open(draft, "wb") as file:
        np.savez_compressed(file, **arrays, mean=normalisation.mean, scale=normalisation.scale)


def read_weights(path: Path, network: Network) -> FixedNetwork:
    """Read what `write_weights` wrote for this network; InputError in one line where it is not that."""
    try:
        with np.load(path, allow_pickle=False) as file:
            formats = msgspec.json.decode(str(file["formats"]), type=_Formats)
            if formats.format != WEIGHTS_FORMAT or len(formats.output_bits) != len(network.layers):
                raise InputError(f"{path}: not the weights of network {network.name!r}")
            layers = tuple(
                FixedLayer(
                    formats.output_bits[position],
                    _tensor(file, f"{layer.name}.weight", formats.weight_bits[position]),
                    _tensor(file, f"{layer.name}.offset", formats.offset_bits[position]),
                )
                for position, layer in enumerate(network.layers)
            )
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (KeyError, ValueError, msgspec.MsgspecError):
        raise InputError(f"{path}: not the weights of network {network.name!r}") from None
    return FixedNetwork(network, frozenset(formats.relu_after), formats.input_bits, layers)


def write_header(path: Path, fixed: FixedNetwork, normalisation: Normalisation, name: str) -> None:
    """Write a C header with all numbers; `name` becomes its prefix."""
    prefix = re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_") or "network"
    prefix = prefix if prefix[0].isalpha() else f"n_{prefix}"
    upper = prefix.upper()
    lines = [_MEANING.format(title=f"{name}: weights in 16-bit fixed point", upper=upper)]
    lines += [f"#ifndef {upper}_WEIGHTS_H", f"#define {upper}_WEIGHTS_H", "", "#include <stdint.h>", ""]
    lines += [f"#define {upper}_LAYERS {len(fixed.layers)}", f"#define {upper}_INPUT_BITS {fixed.input_bits}", ""]
    for word, numbers in (("mean", normalisation.mean), ("scale", normalisation.scale)):
        texts = [_float_text(value) for value in numbers.reshape(-1)]
        lines += _array("float", f"{prefix}_{word}", texts, " x ".join(map(str, numbers.shape)))
    producers = fixed.network.producers()
    for position, (layer, own) in enumerate(zip(fixed.network.layers, fixed.layers, strict=True)):
        label = f"{upper}_L{position:02d}"
        relu = int(position in fixed.relu_after)
        reads = " and ".join("the input" if source < 0 else f"L{source:02d}" for source in producers[position])
        lines += [f"/* {json.dumps(layer.name).replace('*/', '* /')}, {layer.kind}, reads {reads} */"]
        lines += [f"#define {label}_OUTPUT_BITS {own.output_bits}", f"#define {label}_RELU {relu}"]
        for word, tensor in (("weight", own.weight), ("offset", own.offset)):
            if tensor is not None:
                lines += [f"#define {label}_{word.upper()}_BITS {tensor.bits}"]
                texts = [str(number) for number in tensor.numbers.reshape(-1)]
                shape = " x ".join(map(str, tensor.numbers.shape))
                lines += _array("int16_t", f"{prefix}_l{position:02d}_{word}", texts, shape)
        lines += [""]
    lines += ["#endif", ""]
    with replacing(path) as draft:
        draft.write_text("\n".join(lines), encoding="utf-8")


def _tensors(fixed: FixedNetwork) -> list[tuple[str, int, FixedTensor]]:
    """Name, layer and numbers of all tensors."""
    found = []
    for position, (layer, own) in enumerate(zip(fixed.network.layers, fixed.layers, strict=True)):
        for word, tensor in (("weight", own.weight), ("offset", own.offset)):
            if tensor is not None:
                found.append((f"{layer.name}.{word}", position, tensor))
    return found


def _tensor(file: Any, name: str, bits: int | None) -> FixedTensor | None:
    if bits is None:
        return None
    numbers: NDArray[np.int16] = file[name]
    if numbers.dtype != np.int16:
        raise ValueError(name)
    return FixedTensor(numbers, bits)


def _array(kind: str, name: str, texts: list[str], shape: str) -> list[str]:
    rows = [", ".join(texts[start : start + _PER_LINE]) for start in range(0, len(texts), _PER_LINE)]
    return [f"static const {kind} {name}[{len(texts)}] = {{ /* {shape} */", *[f"  {row}," for row in rows], "};"]


def _float_text(value: np.float32) -> str:
    """The shortest decimal that is this number."""
    text = str(value)
    return f"{text}f" if any(mark in text for mark in ".en") else f"{text}.0f"
