"""Random layers, platforms and supplies for the published exploration."""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st

from simint.hardware.platform import Affine, Platform, UnitCosts
from simint.network.layer import Layer, LayerKind
from simint.tiling.published.electrical import ElectricalSettings, bench_settings


@st.composite
def layers(draw: st.DrawFn, inas: bool) -> Layer:
    kinds = ["CONV", "FC", "GAVGPOOL"] if inas else ["CONV", "DW", "FC", "GAVGPOOL", "BN", "RELU", "ADD"]
    kind = draw(st.sampled_from(kinds))
    n, m = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    height = draw(st.integers(3, 12))
    width = draw(st.sampled_from([1, height]))
    if kind in ("CONV", "DW"):
        kernel = draw(st.sampled_from([1, 3]).filter(lambda k: k < height))
        stride = 1 if inas else draw(st.sampled_from([1, 2]))
        pad = 0 if inas else draw(st.sampled_from([0, (kernel - 1) // 2]))
        m = n if kind == "DW" else m
        out = (height + 2 * pad - kernel) // stride + 1
        flat = width == 1
        return Layer(
            name="x",
            kind=LayerKind(kind),
            ifm=(n, height, width),
            ofm=(m, out, 1 if flat else out),
            kernel=(kernel, 1 if flat else kernel),
            stride=(stride, 1 if flat else stride),
            pad=(pad, pad, 0, 0) if flat else (pad, pad, pad, pad),
        )
    if kind == "FC":
        size = draw(st.sampled_from([1, 3, 4]))
        return Layer(name="x", kind=LayerKind.FC, ifm=(n, size, 1), ofm=(m, 1, 1), kernel=(size, 1))
    ofm = (n, 1, 1) if kind == "GAVGPOOL" else (n, height, width)
    return Layer(name="x", kind=LayerKind(kind), ifm=(n, height, width), ofm=ofm)


def scaled(costs: UnitCosts, factors: list[float]) -> UnitCosts:
    affine = [
        Affine(per_element=cost.per_element * factors[k], fixed=cost.fixed * factors[k + 1])
        for k, cost in zip((0, 2, 4), (costs.read, costs.write, costs.mac), strict=True)
    ]
    return UnitCosts(*affine, costs.add * factors[6], costs.mul * factors[7], costs.div, costs.compare)


@st.composite
def platforms(draw: st.DrawFn, preset: Platform) -> Platform:
    """The preset with other memories and, half the time, other unit costs; zero costs make many ties."""
    factor = st.sampled_from([0.0, 0.3, 1.0, 3.0])
    energy, cycles = preset.energy, preset.cycles
    if draw(st.booleans()):
        energy = scaled(energy, draw(st.lists(factor, min_size=8, max_size=8)))
        cycles = scaled(cycles, draw(st.lists(factor, min_size=8, max_size=8)))
    memory = msgspec.structs.replace(preset.memory, vm_bytes=draw(st.sampled_from([64, 256, 2048])))
    return msgspec.structs.replace(preset, energy=energy, cycles=cycles, memory=memory)


@st.composite
def supplies(draw: st.DrawFn, preset: Platform) -> ElectricalSettings:
    bench = bench_settings(preset)
    return msgspec.structs.replace(
        bench,
        capacitance=draw(st.sampled_from([33e-6, 100e-6, 1e-3, 5e-3])),
        resistance=draw(st.sampled_from([50.0, 3000.0])),
        margin=draw(st.sampled_from([0.2, 0.6, 1.0])),
        v_supply=bench.v_supply * draw(st.sampled_from([1.0, 2.5])),
    )
