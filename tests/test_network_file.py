"""Network files: what is written reads back, and what is wrong is named in one line."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simint.errors import InputError
from simint.network.catalogue import load_network, network_presets
from simint.network.json_file import NETWORK_FORMAT, network_text, read_network, write_network
from simint.network.layer import Layer, LayerKind
from simint.network.network import Network

WORDS = [preset.name for preset in network_presets()] + [
    "mbconv:mswc:w=0.5:r=48:8.7.4.y-1.1.1.n-3.3.2.y-6.5.3.y",
    "plain:cifar10:7x24-7x24",
    "plain:kws:48-64-96-128",
]
DOCUMENTATION = Path(__file__).parent.parent / "docs" / "network_format.md"


def general_network() -> Network:
    """Everything the schema can say: asymmetric padding, groups, bias, a non-square map, pooling, named inputs."""
    branch = Layer(
        name="grouped", kind=LayerKind.CONV, ifm=(4, 9, 6), ofm=(4, 9, 6), kernel=(4, 3), pad=(2, 1, 0, 2),
        groups=2, bias=True,
    )  # fmt: skip
    total = Layer(name="sum", kind=LayerKind.ADD, ifm=(4, 9, 6), ofm=(4, 9, 6), inputs=("grouped", "INPUT"))
    pool = Layer(name="pool", kind=LayerKind.POOL, ifm=(4, 9, 6), ofm=(4, 4, 3), kernel=(2, 2), stride=(2, 2))
    out = Layer(name="out", kind=LayerKind.FC, ifm=(4, 4, 3), ofm=(5, 1, 1), kernel=(4, 3), bias=True)
    return Network(name="général", layers=(branch, total, pool, out), notes='with "quotes"')


@pytest.mark.parametrize("network", [*map(load_network, WORDS), general_network()], ids=lambda network: network.name)
def test_a_written_network_reads_back_equal(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    write_network(network, path)
    assert read_network(path) == network
    assert load_network(str(path)) == network
    assert network_text(read_network(path)) == path.read_text(encoding="utf-8")
    assert os.listdir(tmp_path) == ["net.json"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.json"
    path.write_text("precious")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(InputError, match=r"net\.json: cannot be written \(No space left on device\)"):
        write_network(general_network(), path)
    assert os.listdir(tmp_path) == ["net.json"]
    assert path.read_text() == "precious"


def test_writing_into_a_missing_folder_is_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be written \(No such file or directory\)"):
        write_network(general_network(), tmp_path / "missing" / "net.json")


def layer_change(position: int, **fields: object) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["layers"][position].update(fields)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            layer_change(1, kind="SOFTMAX"),
            "layer 'sum' (number 1): Invalid enum value 'SOFTMAX' - at `kind`, known: CONV",
        ),
        (layer_change(1, kernal=[1, 1]), "layer 'sum' (number 1): unknown key `kernal`"),
        (layer_change(2, ifm=[4, 9]), "layer 'pool' (number 2): Expected `array` of length 3, got 2 - at `ifm`"),
        (layer_change(2, ifm=[4, 9, 6.5]), "layer 'pool' (number 2): Expected `int`, got `float` - at `ifm[2]`"),
        (layer_change(2, stride=[2, 0]), "layer 'pool': sizes, strides and groups must be at least 1"),
        (layer_change(2, pad=[0, 0, -1, 0]), "padding at least 0"),
        (
            layer_change(2, kernel=[3, 3]),
            "layer 'pool': a 9x6 input with this kernel, stride and padding gives 4x2, not 4x3",
        ),
        (layer_change(2, kernel=[12, 2]), "layer 'pool': a 9x6 input with this kernel, stride and padding is empty"),
        (layer_change(0, groups=3), "layer 'grouped': groups=3 must divide 4 input and 4 output channels"),
        (layer_change(0, groups=2**40), "layer 'grouped': no size may exceed 2147483647"),
        (layer_change(3, kernel=[1, 1]), "layer 'out': FC covers its whole input"),
        (
            layer_change(3, ifm=[48, 1, 1], kernel=[1, 1]),
            "layer 'out': reads (48, 1, 1), but layer 'pool' gives (4, 4, 3)",
        ),
        (lambda d: d["layers"][3].pop("ofm"), "layer 'out' (number 3): Object missing required field `ofm`"),
        (lambda d: d["layers"][3].pop("name"), "layer 3 (number 3): Object missing required field `name`"),
        (lambda d: d.update(layers=[]), "network 'général': at least one layer is needed"),
        (lambda d: d.update(layers=[1]), "Expected `object`, got `int` - at `layers[0]`"),
        (lambda d: d.update(name=" "), "a network needs a name"),
        (lambda d: d.update(author="me"), "unknown key `author`"),
        (lambda d: d.pop("name"), "missing required field `name`"),
        (lambda d: d.update(format="simint-network/9"), f'must be a JSON object with "format": "{NETWORK_FORMAT}"'),
    ],
)
def test_a_wrong_file_is_refused_naming_file_and_layer(
    change: Callable[[dict[str, Any]], object], message: str, tmp_path: Path
) -> None:
    document = json.loads(network_text(general_network()))
    change(document)
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_network(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert message in text


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b'{"format": 1}', b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_no_network_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"^\S*broken\.json: not (valid JSON|a network file)"):
        read_network(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json: cannot be read \(No such file or directory\)"):
        load_network(str(tmp_path / "none.json"))


def test_the_documented_example_is_a_network(tmp_path: Path) -> None:
    """And the page names every field of a layer and every kind."""
    text = DOCUMENTATION.read_text(encoding="utf-8")
    example = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert example is not None
    path = tmp_path / "example.json"
    path.write_text(example.group(1), encoding="utf-8")
    assert len(read_network(path).layers) > 3
    for word in (*Layer.__struct_fields__, *LayerKind):
        assert f"`{word}`" in text
