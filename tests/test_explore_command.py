"""The explore command and the file of designs it writes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simint.errors import InputError
from simint.explore import main
from simint.hardware.presets import load_platform
from simint.network.catalogue import load_network
from simint.network.json_file import write_network
from simint.network.layer import Layer, LayerKind
from simint.network.network import Network
from simint.tiling.consistent.explorer import explore_network_consistent
from simint.tiling.design import ExecutionDesign, Order
from simint.tiling.designs_file import read_designs, write_designs
from simint.tiling.search.explorer import explore_network_published

NETWORK = load_network("plain:har:3x8-7x8-3x16")
DESIGNS = tuple(ExecutionDesign(tr=2, tc=1, tm=2, tn=1, order=Order.WEIGHT, s=k + 1) for k in range(5))


def explored(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == 0
    data: dict[str, Any] = json.loads(capsys.readouterr().out)
    return data


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on stderr."""
    assert main(list(arguments)) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert output.err.count("\n") == 1
    return output.err


def test_designs_survive_the_file(tmp_path: Path) -> None:
    file = tmp_path / "designs.json"
    write_designs(file, NETWORK.name, NETWORK.layers, DESIGNS)
    assert read_designs(file, NETWORK) == DESIGNS
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_of_designs_may_leave_out_defaults(tmp_path: Path) -> None:
    file = tmp_path / "designs.json"
    layers = [{"layer": layer.name, "tr": 1, "tc": 1, "tm": 1} for layer in NETWORK.layers]
    file.write_text(json.dumps({"format": "simint-designs/1", "network": "x", "layers": layers}))
    assert read_designs(file, NETWORK) == (ExecutionDesign(tr=1, tc=1, tm=1, tn=1, order=Order.OUTPUT, s=1),) * 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other/1"}, '"format": "simint-designs/1"'),
        ({"network": 3}, "network"),
        ({"colour": "red"}, "colour"),
        ({"layers": []}, "0 layers instead of 5"),
        ({"layers": [{"layer": "BN_7", "tr": 1, "tc": 1, "tm": 1}] * 5}, "'BN_7' instead of '{first}'"),
        ({"layers": [{"layer": "{first}", "tr": 1, "tc": 1}]}, "tm"),
        ({"layers": [{"layer": "{first}", "tr": 1, "tc": 1, "tm": 1, "order": "X"}]}, "order"),
        ({"layers": [{"layer": "{first}", "tr": 1.5, "tc": 1, "tm": 1}]}, "tr"),
    ],
)
def test_a_bad_file_of_designs_is_refused_in_one_line(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    file = tmp_path / "designs.json"
    first = NETWORK.layers[0].name
    layers = [{"layer": layer.name, "tr": 1, "tc": 1, "tm": 1} for layer in NETWORK.layers]
    text = json.dumps({"format": "simint-designs/1", "network": "x", "layers": layers, **change})
    file.write_text(text.replace("{first}", first))
    with pytest.raises(InputError) as error:
        read_designs(file, NETWORK)
    assert str(file) in str(error.value)
    assert message.replace("{first}", first) in str(error.value)
    assert "\n" not in str(error.value)


def test_unreadable_files_of_designs_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "zero.json").write_text(
        json.dumps(
            {
                "format": "simint-designs/1",
                "network": "x",
                "layers": [{"layer": layer.name, "tr": 0, "tc": 1, "tm": 1} for layer in NETWORK.layers],
            }
        )
    )
    for name, message in (("missing.json", "cannot be read"), ("bad.json", "JSON"), ("zero.json", "at least 1")):
        with pytest.raises(InputError, match=rf"{name}.*{message}"):
            read_designs(tmp_path / name, NETWORK)


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_designs(tmp_path / "no" / "designs.json", NETWORK.name, NETWORK.layers, DESIGNS)
    with pytest.raises(InputError, match="4 designs for 5 layers"):
        write_designs(tmp_path / "designs.json", NETWORK.name, NETWORK.layers, DESIGNS[:4])
    assert list(tmp_path.iterdir()) == []


def test_without_options_the_published_exploration(capsys: pytest.CaptureFixture[str]) -> None:
    data = explored(capsys, "tinas-har-l25")
    found = explore_network_published(load_network("tinas-har-l25").layers, load_platform("msp430fr5994-tinas2024"))
    assert (data["objective"], data["platform"]) == ("published", "msp430fr5994-tinas2024")
    for name in ("latency_s", "recharge_s", "active_s", "imo_percent", "power_cycles"):
        assert data["totals"][name] == getattr(found, name)
    for name in ("latency_s", "recharge_s", "active_s", "continuous_s"):
        assert sum(layer[name] for layer in data["layers"]) == pytest.approx(data["totals"][name], rel=1e-12)
    # The IMO of the network is that of its layers, weighted by their active time (specification 12.2).
    weighted = sum(layer["imo_percent"] * layer["active_s"] for layer in data["layers"])
    assert weighted / data["totals"]["active_s"] == pytest.approx(data["totals"]["imo_percent"], rel=1e-9)


def test_settings_of_the_bench(capsys: pytest.CaptureFixture[str]) -> None:
    small = explored(capsys, "tinas-har-l25", "--capacitor", "100uF")
    assert small["bench"]["resistance"] == 3100.0  # as calibrated for this capacitor
    other = explored(
        capsys, "tinas-har-l25", "--capacitor", "1mF", "--source-resistance", "1kohm", "--v-supply", "5V",
        "--v-on", "4V", "--v-off", "3V", "--margin", "50%",
    )  # fmt: skip
    assert other["budget_j"] == pytest.approx(0.5 * 0.5e-3 * (16 - 9), rel=1e-12)
    assert all(layer["cycle_j"] <= other["budget_j"] for layer in other["layers"])
    # A source behind twice the resistance charges half as fast; other designs may soften it, never beat it.
    slow = explored(capsys, "tinas-har-l25", "--source-resistance", "5600")["totals"]["latency_s"]
    bench = explored(capsys, "tinas-har-l25")["totals"]
    assert bench["latency_s"] < slow <= (bench["latency_s"] + bench["recharge_s"]) * (1 + 1e-9)


@pytest.mark.parametrize("objective", ["energy", "latency"])
def test_consistent_exploration(capsys: pytest.CaptureFixture[str], objective: str) -> None:
    data = explored(capsys, "tinas-har-l25", "--objective", objective, "--supply", "boost", "--v-on", "3V")
    # 1 mF between 3.0 V and the 2.4 V of the preset, 60 % of it.
    assert data["budget_j"] == pytest.approx(0.6 * 0.5e-3 * (3.0**2 - 2.4**2), rel=1e-12)
    plan = explore_network_consistent(
        load_network("tinas-har-l25"), load_platform("msp430fr5994"), data["budget_j"], 1.0, objective
    )
    assert data["platform"] == "msp430fr5994"
    assert data["objective"] == objective
    for name in ("energy_j", "continuous_s", "overhead_s", "overhead_percent"):
        assert data["totals"][name] == getattr(plan, name)
    assert [layer["layer"] for layer in data["layers"]] == [layer.layer for layer in plan.layers]


def test_the_objective_follows_the_platform(capsys: pytest.CaptureFixture[str]) -> None:
    assert explored(capsys, "tinas-har-l25", "--platform", "msp430fr5994")["objective"] == "energy"
    plain = explored(capsys, "plain:har:3x8-7x8-3x16", "--platform", "msp430fr5994-inas2021")
    assert plain["objective"] == "published"


def test_the_table_says_the_objective_and_the_file_holds_the_designs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "designs.json"
    network = load_network("tinas-har-l25")
    for objective, words in (("published", ("IMO", "recharge")), ("energy", ("overhead", "batches"))):
        assert main(["tinas-har-l25", "--objective", objective, "--out", str(file)]) == 0
        output = capsys.readouterr().out
        assert f"objective {objective}" in output
        for word in (*words, "total", *(layer.name for layer in network.layers)):
            assert word in output
        assert "…" not in output
        assert len(read_designs(file, network)) == len(network.layers)
    plan = explore_network_consistent(network, load_platform("msp430fr5994"), 0.5 * 0.005 * (4.535**2 - 3.290**2))
    assert read_designs(file, network) == plan.designs


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-network"], "unknown network"),
        (["tinas-har-l25", "--platform", "z80"], "unknown platform"),
        (["tinas-har-l25", "--supply", "thevenin"], "--supply belongs to the objectives energy and latency"),
        (["tinas-har-l25", "--objective", "energy", "--v-supply", "5V"], "--v-supply"),
        (["tinas-har-l25", "--capacitor", "1mF"], "no calibrated source resistance"),
        (["tinas-har-l25", "--capacitor=-5mF", "--source-resistance", "1kohm"], "capacitance"),
        (["tinas-har-l25", "--objective", "energy", "--capacitor", "5kohm"], "--capacitor"),
        (["tinas-har-l25", "--objective", "energy", "--v-on", "3V"], "`v_on`"),
        (["tinas-har-l25", "--objective", "energy", "--margin", "2"], "`margin`"),
        (["tinas-har-l25", "--objective", "energy", "--platform", "msp430fr5994-tinas2024"], "published mode"),
        (["tinas-har-l25", "--objective", "published", "--platform", "msp430fr5994"], "consistent mode"),
        (["tinas-har-l25", "--objective", "energy", "--capacitor", "10uF"], "layer 'CONV_0'"),
        (["tinas-har-l25", "--capacitor", "10uF", "--source-resistance", "3kohm"], "layer 'CONV_0'"),
        (["tinas-har-l25", "--out", "/no/such/folder/designs.json"], "cannot be written"),
    ],
)
def test_bad_input_is_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert message in refusal(capsys, *arguments)


@pytest.mark.parametrize("objective", ["published", "energy"])
def test_a_network_whose_weights_exceed_nvm(capsys: pytest.CaptureFixture[str], tmp_path: Path, objective: str) -> None:
    # 800 x 1000 weights of 2 bytes against 1 MB.
    layer = Layer(name="fc", kind=LayerKind.FC, ifm=(1000, 1, 1), ofm=(800, 1, 1))
    write_network(Network(name="large", layers=(layer,)), tmp_path / "large.json")
    out = tmp_path / "designs.json"
    message = refusal(capsys, str(tmp_path / "large.json"), "--objective", objective, "--out", str(out))
    assert "1600000" in message
    assert "1000000" in message
    assert "non-volatile memory" in message
    assert not out.exists()


def test_help_imports_no_compiled_code() -> None:
    """Help must be quick, so numba, rich and the explorers wait until they are needed."""
    program = (
        "import sys, simint.explore\n"
        "try: simint.explore.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('numba', 'rich', 'pandas', 'scipy', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
