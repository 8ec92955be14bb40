"""Network families: the words, and the published layer lists they regenerate."""

from __future__ import annotations

import gzip
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simint.errors import InputError
from simint.network.catalogue import load_network, network_presets
from simint.network.layer import Layer, LayerKind
from simint.network.mbconv import MBCONV_FAMILIES, MbconvBlock, MbconvSpec, mbconv_network, parse_mbconv
from simint.network.network import Network
from simint.network.plain import PLAIN_FAMILIES, PlainSpec, parse_plain, plain_network

MBCONV_PRESETS = [preset for preset in network_presets() if preset.word.startswith("mbconv")]
WEIGHTED = (LayerKind.CONV, LayerKind.DW, LayerKind.FC)


def published_row(layer: Layer, inas: bool) -> list[Any]:
    """A layer as the golden files write it: name, kind, op, K, stride, pad, IFM, OFM.

    The iNAS lists call a pointwise convolution a convolution and give a global average pool a kernel.
    """
    one_d = layer.ifm[2] == 1
    kh, kw = layer.kernel
    op = str(layer.kind)
    if layer.kind in (LayerKind.CONV, LayerKind.DW):
        pointwise = layer.kind is LayerKind.CONV and layer.kernel == (1, 1) and not inas
        op = ("DW" if layer.kind is LayerKind.DW else "PW" if pointwise else "CONV") + ("1D" if one_d else "2D")
    kernel: list[int | None] = [None] * 4
    stride = pad = None
    if layer.kind in WEIGHTED:
        kernel = [layer.ofm[0], 1 if layer.kind is LayerKind.DW else layer.ifm[0], kh, kw]
        assert layer.stride == (layer.stride[0], 1 if one_d else layer.stride[0])
        stride = layer.stride[0]
    if layer.kind in (LayerKind.CONV, LayerKind.DW):
        pad = layer.pad[0]
        assert layer.pad == ((pad, pad, 0, 0) if one_d else (pad,) * 4)
    if layer.kind is LayerKind.GAVGPOOL and inas:
        kernel, stride = [layer.ofm[0], *layer.ifm], 1
    kind = "CONV" if layer.kind is LayerKind.DW else str(layer.kind)
    return [layer.name, kind, op, kernel, stride, pad, [1, *layer.ifm], [1, *layer.ofm]]


def rows(network: Network, inas: bool = False) -> list[list[Any]]:
    return [published_row(layer, inas) for layer in network.layers]


def mbconv_of(solution: dict[str, Any]) -> Network:
    blocks = tuple(MbconvBlock(*choices) for choices in solution["blocks"])
    width, resolution = solution["width_multiplier"], solution["resolution"]
    return mbconv_network(MbconvSpec(solution["dataset"].lower(), width, resolution, blocks))


def read_gz(path: Path) -> dict[str, Any]:
    with gzip.open(path, "rt") as file:
        return json.load(file)


@pytest.mark.parametrize("preset", MBCONV_PRESETS, ids=lambda preset: preset.name)
def test_presets_regenerate_the_published_layer_lists(shared: Path, preset) -> None:
    method, dataset, percentile = re.fullmatch(r"(.*)-(.*)-l(.*)", preset.name).groups()
    file = f"{method.replace('tinas', 'TiNAS').replace('-m', '-M').replace('-u', '-U')}_{dataset.upper()}"
    solution = json.loads((shared / "spec/golden/networks" / f"{file}_lat{percentile}.json").read_text())
    assert rows(load_network(preset.name)) == solution["layers"]
    assert rows(mbconv_of(solution)) == solution["layers"]


def test_random_networks_of_the_tinas_spaces(shared: Path) -> None:
    golden = read_gz(shared / "spec/golden/networks_random.json.gz")["networks"]
    assert len(golden) == 20
    for solution in golden:
        network = mbconv_of(solution)
        assert rows(network) == [row[:8] for row in solution["layers"]], solution["id"]
        assert load_network(network.name).layers == network.layers


def test_random_networks_of_the_inas_spaces(shared: Path) -> None:
    golden = read_gz(shared / "spec/golden/networks_inas2021.json.gz")["networks"]
    assert len(golden) == 12
    words = {"image": "cifar10", "activity": "har", "keyword": "kws"}
    for solution in golden:
        choices, dataset = solution["choices"], words[solution["dataset"]]
        convolves = dataset != "kws"
        filters = tuple(choices[1::2] if convolves else choices)
        network = plain_network(PlainSpec(dataset, filters, tuple(choices[::2]) if convolves else ()))
        assert rows(network, inas=True) == solution["layers"], solution["id"]
        assert load_network(network.name).layers == network.layers


@st.composite
def mbconv_specs(draw: st.DrawFn) -> MbconvSpec:
    dataset = draw(st.sampled_from(sorted(MBCONV_FAMILIES)))
    family = MBCONV_FAMILIES[dataset]
    block = st.builds(
        MbconvBlock, st.integers(1, 8), st.sampled_from((1, 3, 5, 7, 9)), st.integers(1, 4), st.booleans()
    )
    count = len(family.block_channels)
    blocks = draw(st.lists(block, min_size=count, max_size=count))
    width = draw(st.sampled_from((0.2, 0.3, 0.5, 0.6, 0.7, 0.9, 1.0)))
    return MbconvSpec(dataset, width, draw(st.integers(1, family.resolution)), tuple(blocks))


@given(mbconv_specs())
def test_mbconv_word_and_layer_count(spec: MbconvSpec) -> None:
    """Words read back; 8 layers a unit, one more for an addition, two more for the projection of its shortcut."""
    assert parse_mbconv(spec.word) == spec
    network = load_network(spec.word)
    units = sum(block.repeats for block in spec.blocks)
    strides, before = spec.family.block_strides, (spec.family.stem_channels, *spec.channels)
    additions = sum(b.repeats - (s == 2) for b, s in zip(spec.blocks, strides, strict=True) if b.skip)
    projections = sum(
        b.skip and s == 1 and before[i] != spec.channels[i]
        for i, (b, s) in enumerate(zip(spec.blocks, strides, strict=True))
    )
    assert len(network.layers) == 2 + 8 * units + additions + 2 * projections + 2
    assert sum(layer.kind is LayerKind.ADD for layer in network.layers) == additions
    side = spec.resolution
    for stride in strides:
        side = -(-side // stride)
    assert network.layers[-2].ifm == (spec.channels[-1], side, side if spec.family.dimensions == 2 else 1)
    assert network.output_shape == (spec.family.classes, 1, 1)


def test_channels_follow_the_published_table() -> None:
    for dataset, width, channels in [
        ("cifar10", 0.2, (4, 4, 6, 12)),
        ("cifar10", 0.3, (4, 8, 10, 20)),
        ("cifar10", 0.9, (14, 22, 28, 58)),
        ("har", 0.5, (4, 6, 8)),
        ("har", 0.7, (6, 8, 12)),
        ("har", 0.9, (8, 10, 14)),
        ("mswc", 0.4, (10, 10, 12, 26)),
        ("mswc", 1.0, (24, 24, 32, 64)),
    ]:
        blocks = (MbconvBlock(1, 3, 1, False),) * len(channels)
        assert MbconvSpec(dataset, width, 28, blocks).channels == channels


def test_projected_shortcut_of_the_first_keyword_block() -> None:
    """32 stem channels meet 24 block channels at stride 1: a 1x1 convolution and a normalisation lead to the sum."""
    network = load_network("mbconv:mswc:w=1.0:r=52:3.5.2.y-1.1.1.y-1.1.1.y-1.1.1.y")
    conv, norm, total = network.layers[10:13]
    assert (conv.kind, conv.ifm, conv.ofm, conv.inputs) == (LayerKind.CONV, (32, 52, 52), (24, 52, 52), ("BN_1",))
    assert (norm.kind, norm.inputs) == (LayerKind.BN, ())
    assert (total.name, total.kind, total.inputs) == ("ADD_12", LayerKind.ADD, ("BN_9", "BN_11"))
    identity = network.layers[21]
    assert (identity.kind, identity.inputs) == (LayerKind.ADD, ("BN_20", "ADD_12"))
    assert [layer.ifm[1] for layer in network.layers if layer.kind is LayerKind.GAVGPOOL] == [7]


@st.composite
def plain_specs(draw: st.DrawFn) -> PlainSpec:
    dataset = draw(st.sampled_from(sorted(PLAIN_FAMILIES)))
    family = PLAIN_FAMILIES[dataset]
    filters = draw(st.lists(st.integers(1, family.max_filters), min_size=1, max_size=family.max_layers))
    kernels = [draw(st.integers(1, family.max_kernel)) for _ in filters] if family.max_kernel else []
    return PlainSpec(dataset, tuple(filters), tuple(kernels))


@given(plain_specs())
def test_plain_word_and_shapes(spec: PlainSpec) -> None:
    assert parse_plain(spec.word) == spec
    network = load_network(spec.word)
    assert network.output_shape == (spec.family.classes, 1, 1)
    if spec.kernels:
        sides = spec.family.input_shape[1] - sum(k - 1 for k in spec.kernels)
        assert network.layers[-2].ifm[:2] == (spec.filters[-1], sides)
    else:
        elements = [250, *spec.filters, 12]
        assert network.macs == sum(a * b for a, b in itertools.pairwise(elements))


@pytest.mark.parametrize("preset", network_presets(), ids=lambda preset: preset.name)
def test_words_survive_a_shell(preset) -> None:
    assert re.fullmatch(r"[A-Za-z0-9:=._-]+", preset.word)
    parsed = parse_mbconv(preset.word) if preset.word.startswith("mbconv") else parse_plain(preset.word)
    assert parsed.word == preset.word
    assert ("TiNAS" if preset.word.startswith("mbconv") else "iNAS") in preset.source


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("mbconv:har", "write mbconv:DATASET:w=WIDTH:r=RESOLUTION:BLOCKS"),
        ("mbconv:imagenet:w=1.0:r=64:1.7.3.y", "no MBConv family 'imagenet'; known: cifar10, har, mswc"),
        ("mbconv:har:w=1.0:r=129:1.7.3.y-4.5.2.y-6.3.1.y", "resolution 129: har offers 1 to 128"),
        ("mbconv:har:w=1.1:r=64:1.7.3.y-4.5.2.y-6.3.1.y", "width 1.1: between 0 and 1 expected"),
        ("mbconv:har:w=0.1:r=64:1.7.3.y-4.5.2.y-6.3.1.y", "at least 2 channels left in every block of 8, 12, 16"),
        ("mbconv:har:w=nan:r=64:1.7.3.y-4.5.2.y-6.3.1.y", "write mbconv:"),
        ("mbconv:har:w=1.0:r=64:1.7.3.y-4.5.2.y", "har has 3 blocks, 2 given"),
        ("mbconv:har:w=1.0:r=64:1.7.3-4.5.2.y-6.3.1.y", "block '1.7.3': write EXPANSION.KERNEL.REPEATS.SKIP"),
        ("mbconv:har:w=1.0:r=64:9.7.3.y-4.5.2.y-6.3.1.y", "block 9.7.3.y: the expansion must be 1 to 8"),
        ("mbconv:har:w=1.0:r=64:1.4.3.y-4.5.2.y-6.3.1.y", "block 1.4.3.y: the kernel must be odd, 1 to 9"),
        ("mbconv:har:w=1.0:r=64:1.3.0.y-4.5.2.y-6.3.1.y", "block 1.3.0.y: the repeats must be 1 to 4"),
        ("plain:har", "write plain:DATASET:LAYERS"),
        ("plain:mnist:3x8", "no plain family 'mnist'; known: cifar10, har, kws"),
        ("plain:har:3x8-7", "layer '7' of har must be KERNELxFILTERS"),
        ("plain:kws:48-3x8", "layer '3x8' of kws must be a number of units"),
        ("plain:har:3x8-3x8-3x8-3x8", "har has 1 to 3 layers, 4 given"),
        ("plain:cifar10:8x8", "kernel 8: cifar10 allows 1 to 7"),
        ("plain:cifar10:3x25", "25 filters: cifar10 allows 1 to 24"),
        ("plain:kws:129", "129 units: kws allows 1 to 128"),
        ("resnet:har:3", "no family 'resnet'; write mbconv:DATASET"),
        ("tinas-har-l50", "unknown network 'tinas-har-l50'; nearest: tinas-har-l"),
        ("", "unknown network ''"),
    ],
)
def test_a_wrong_word_is_refused_in_one_line(word: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        load_network(word)
    assert "\n" not in str(caught.value)


def test_networks_load_without_the_heavy_libraries() -> None:
    code = (
        "import sys; from simint.network.catalogue import load_network; load_network('tinas-cifar10-l75');"
        "print([name for name in ('numba', 'pandas', 'scipy', 'numpy', 'simpy') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
