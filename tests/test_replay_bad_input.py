"""Whatever is wrong with its input, the replay command says so in one line, ends with 2 and writes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from replay_runs import SMALL_NETWORK, command, refusal, summary_of, write_supply

from simint.explore import main as explore

PLATFORM = (resources.files("simint.hardware") / "presets/platforms/msp430fr5994.toml").read_text()


@pytest.fixture
def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """The command's one line; it was asked to write to a folder, which must hold no file afterwards."""

    def run(*arguments: object) -> str:
        folder = tmp_path / "out"
        line = refusal(capsys, *arguments, "--out", folder)
        assert not folder.exists() or list(folder.iterdir()) == []
        return line

    return run


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--trace", "sunshine"], ["no catalogue trace 'sunshine'", "rf-walk-by"]),
        (["--trace", "sunshine.csv"], ["sunshine.csv: no such file"]),
        (["--supply", "sunshine"], ["unknown supply 'sunshine'", "boost, ", "thevenin"]),
        (["--platform", "pdp11"], ["unknown platform 'pdp11'", "msp430fr5994-tinas2024"]),
        (["--network", "alexnet"], ["unknown network 'alexnet'", "`simint network list` lists them"]),
        (["--network", "plain:har:zz"], ["plain:har:zz", "KERNELxFILTERS"]),
        (["--network", "net.json"], ["net.json", "cannot be read"]),
        (["--policy", "hope"], ["unknown policy 'hope'", "tile, tile-shutdown, layer, footprint, timer, jit, none"]),
        (["--policy", "hope.toml"], ["hope.toml", "cannot be read"]),
        (["--policy", "none", "--guard"], ["`guard` is an option of policy `tile`"]),
        (["--objective", "beauty"], ["--objective", "beauty", "published"]),
        (["--capacitor", "5mA"], ["--capacitor", "'5mA'", "expected F"]),
        (["--capacitor", "much"], ["--capacitor", "'much' is neither a quantity", "tantalum-470uF-d"]),
        (["--capacitor=-5mF"], ["`capacitance` must be positive"]),
        (["--capacitor", "0"], ["`capacitance` must be positive"]),
        (["--capacitor", "inf"], ["neither a quantity"]),
        (["--v-on", "2.4V"], ["`v_on` must lie above `v_off`"]),
        (["--v-on", "2V"], ["`v_on` must lie above `v_off`"]),
        (["--v-off", "0V"], ["`v_off` must be positive"]),
        (["--v-on", "4.6V"], ["`v_max` must not lie below `v_on`"]),
        (["--v-on", "3300"], ["`v_on`"]),
        (["--initial-voltage", "4.6V"], ["`initial_voltage`", "clamp at 4.5 V"]),
        (["--initial-voltage=-1V"], ["`initial_voltage` must not be negative"]),
        (["--inferences", "0"], ["`inferences` must be at least 1"]),
        (["--inferences", "many"], ["--inferences", "'many'"]),
        (["--duration", "0"], ["`duration` must be positive"]),
        (["--duration", "5V"], ["--duration", "expected s"]),
        (["--duration", "inf"], ["`duration` must be positive and finite"]),
        (["--period", "0s"], ["`period` must be positive"]),
        (["--deadline=-1s"], ["`deadline` must be positive"]),
        (["--start=-1s"], ["`start` must be a time from 0 on"]),
        (["--start", "11min", "--end", "stop"], ["`trace.start` of 660 s lies behind the end of the trace (600 s)"]),
        (["--scale", "0"], ["`scale` must be positive"]),
        (["--scale", "2W"], ["--scale", "expected no unit"]),
        (["--read", "load_ohm"], ["--read", "KEY=VALUE"]),
        (["--read", "colour=3"], ["--read", "unknown key `colour`", "load_ohm"]),
        (["--read", "load_ohm=3V"], ["--read", "load_ohm", "expected ohm"]),
        (["--read", "curve_points=many"], ["--read", "curve_points"]),
        (["--read", "step_s=1s"], ["rf-walk-by", "comes from the catalogue"]),
        (["--supply", "thevenin"], ["trace 'rf-walk-by' gives power without a voltage", "boost"]),
        (["--supply", "thevenin", "--trace", "thevenin-bench", "--v-on", "5.9V"], ["`v_on`", "at most 5.892 V"]),
        (["--objective", "published"], ["`published` needs a constant Thevenin source", "thevenin-bench"]),
        (
            ["--platform", "msp430fr5994-tinas2024", "--objective", "energy"],
            ["msp430fr5994-tinas2024", "consistent"],
        ),
        (["--design", "designs.json"], ["designs.json", "cannot be read"]),
        (["--design", "designs.json", "--objective", "energy"], ["--objective", "--design best"]),
        (["--capacitor", "10uF"], ["layer 'CONV_0'", "turn-on to commit"]),
        (["--frobnicate"], ["--frobnicate", "--help"]),
        (["nothing.toml"], ["nothing.toml", "cannot be read"]),
    ],
)
def test_an_option_is_refused_by_name(refused: Callable[..., str], options: list[str], parts: list[str]) -> None:
    line = refused(*options)
    for part in parts:
        assert part in line


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[trace", ["not valid TOML"]),
        ("", ["missing required field `trace`"]),
        ('colour = 3\n[trace]\nname = "constant-1mw"', ["unknown key `colour`", "supply"]),
        ('[trace]\nname = "constant-1mw"\ncolour = 3', ["unknown key `trace.colour`", "seed"]),
        ('[trace]\nname = "constant-1mw"\nstart = "3V"', ["trace.start", "expected s"]),
        ('capacitance = "5mA"\n[trace]\nname = "constant-1mw"', ["capacitance", "expected F"]),
        ("[trace]\nname = 7", ["`trace.name`", "str"]),
        ('[trace]\nname = "constant-1mw"\n[policy]\nname = "hope"', ["unknown policy 'hope'"]),
        ('[trace]\nname = "constant-1mw"\n[workload]\ninferences = 0', ["`inferences` must be at least 1"]),
        ('[trace]\nname = "constant-1mw"\n[design]\nmargin = 2', ["`margin` must lie in (0, 1]"]),
        ('[trace]\nname = "constant-1mw"\n[design]\nlayers = [{ tr = 1, tc = 1, tm = 0 }]', ["at least 1"]),
        (
            '[trace]\nname = "constant-1mw"\n[design]\nlayers = [{ tr = 1, tc = 1, tm = 1 }]',
            ["`design.layers` has 1 designs", "tinas-har-l25"],
        ),
    ],
)
def test_a_scenario_is_refused_by_field(
    refused: Callable[..., str], tmp_path: Path, text: str, parts: list[str]
) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(text)
    line = refused(file)
    for part in [str(file) if "design.layers" not in parts[0] else "", *parts]:
        assert part in line


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"capacitance": "5mA"}, "capacitor: capacitance: '5mA' has unit 'mA', expected F"),
        ({"capacitance": -1e-3}, "`capacitance` must be positive, got -0.001"),
        ({"capacitance": None}, "capacitor: Object missing required field `capacitance`"),
        ({"leakage": 0}, "`leakage` must be positive"),
        ({"leakage": "1mV"}, "capacitor: leakage: '1mV' has unit 'mV', expected ohm"),
        ({"rated_voltage": "4V"}, "`capacitor.rated_voltage` of 4 V lies below"),
        ({"v_on": "1.9V"}, "`v_on` must lie above `v_off`"),
        ({"v_on": "6V"}, "`v_max` must not lie below `v_on`"),
        ({"v_off": "-1V"}, "`v_off` must be positive"),
        ({"efficiency": 1.2}, "`efficiency` must lie in (0, 1]"),
        ({"efficiency": "120%"}, "`efficiency` must lie in (0, 1]"),
        ({"diode_drop": "0.2V"}, "converter: unknown key `diode_drop`; known: efficiency"),
        ({"kind": "direct"}, "converter: unknown key `efficiency`; known: diode_drop"),
        ({"kind": "buck"}, "converter: `kind` must be one of direct, boost, got 'buck'"),
        ({"kind": None}, "converter: `kind` must be one of direct, boost, got None"),
        ({"quiescent": "-1nA"}, "must not be negative"),
        ({"source": None}, "missing required field `source`"),
        ({"colour": 3}, "unknown key `colour`; known: name, source, converter"),
    ],
)
def test_a_supply_file_is_refused_by_field(
    refused: Callable[..., str], tmp_path: Path, changes: dict[str, object], part: str
) -> None:
    file = write_supply(tmp_path / "mine.toml", **changes)
    line = refused("--supply", file)
    assert part in line
    assert str(file) in line


def with_values(time_s: object, power_w: object) -> str:
    times, powers = np.atleast_1d(time_s), np.atleast_1d(power_w)
    return "time_s,power_W\n" + "".join(f"{t},{p}\n" for t, p in zip(times, powers, strict=True))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "the file is empty"),
        ("time_s,power_W\n", ""),
        (with_values([0, 1, 2, 3], ["1e-3", "nan", "1e-3", "1e-3"]), "power"),
        (with_values([0, 1, 2, 3], [1e-3, 1e-3, -1e-3, 1e-3]), "power"),
        (with_values([0, 1, 2, 3], [1e-3, "inf", 1e-3, 1e-3]), "power"),
        (with_values([0, 2, 1, 3], 4 * [1e-3]), "time"),
        (with_values([0, 1, 2, 3], [1e-3, "lots", 1e-3, 1e-3]), "lots"),
        ("time_s,colour\n0,1\n1,2\n", "colour"),
    ],
    ids=["empty", "header only", "NaN", "negative power", "infinite power", "times go back", "words", "no power"],
)
def test_a_bad_trace_is_refused(refused: Callable[..., str], tmp_path: Path, text: str, part: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text)
    line = refused("--trace", file)
    assert str(file) in line
    assert part in line


def test_a_truncated_hdf5_recording_is_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="shepherd recordings need h5py")
    file = tmp_path / "cut.h5"
    with h5py.File(file, "w") as recording:
        recording["data/voltage"] = np.arange(10_000)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    line = refused("--trace", file)
    assert str(file) in line
    assert "Traceback" not in line


def test_a_seed_for_a_file_is_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "trace.csv"
    file.write_text(with_values([0, 1], [1e-3, 1e-3]))
    assert "a file has none" in refused("--trace", file, "--seed", 3)


@pytest.mark.parametrize("changes", [{"v_on": "5.9V"}, {"v_on": "5.2V", "diode_drop": "0.7V"}])
def test_a_direct_supply_that_its_source_cannot_lift_is_refused(
    refused: Callable[..., str], tmp_path: Path, changes: dict[str, object]
) -> None:
    """The source reaches 5.892 V; behind a diode of 0.7 V that leaves 5.192 V."""
    file = write_supply(tmp_path / "mine.toml", kind="direct", efficiency=None, v_max="6V", **changes)
    line = refused("--trace", "thevenin-bench", "--supply", file)
    assert "`v_on`" in line
    assert "never be reached" in line


def platform(path: Path, **memory: int) -> Path:
    """The default platform with another memory."""
    text = PLATFORM
    for field, size in memory.items():
        before = next(line for line in text.splitlines() if line.startswith(f"{field} ="))
        text = text.replace(before, f"{field} = {size}")
    path.write_text(text)
    return path


def test_weights_that_exceed_nvm_are_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    small = platform(tmp_path / "small.toml", nvm_weight_bytes=1000)
    line = refused("--platform", small)
    assert "weights need" in line
    assert "has 1000" in line


def test_a_layer_without_a_feasible_tile_is_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    line = refused("--platform", platform(tmp_path / "tiny.toml", vm_bytes=4))
    assert "layer 'CONV_0'" in line
    assert "volatile memory" in line


def test_a_platform_that_makes_no_sense_is_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    assert "`vm_bytes` must be at least 1, got 0" in refused("--platform", platform(tmp_path / "p.toml", vm_bytes=0))


@pytest.fixture
def designs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The best designs of the small network on the default platform."""
    file = tmp_path / "designs.json"
    assert explore([SMALL_NETWORK, "--objective", "energy", "--supply", "boost", "--out", str(file)]) == 0
    capsys.readouterr()
    return file


def test_designs_of_another_network_are_refused(refused: Callable[..., str], designs: Path) -> None:
    line = refused("--design", designs)
    assert SMALL_NETWORK in line
    assert "tinas-har-l25" in line


def test_given_designs_must_fit_the_memory_of_the_platform(
    refused: Callable[..., str], tmp_path: Path, designs: Path
) -> None:
    options = ("--network", SMALL_NETWORK, "--design", designs)
    line = refused(*options, "--platform", platform(tmp_path / "little.toml", vm_bytes=64))
    assert "bytes of volatile memory" in line
    assert "has 64" in line
    line = refused(*options, "--platform", platform(tmp_path / "little.toml", nvm_feature_bytes=1000))
    assert "feature maps need" in line


@pytest.mark.parametrize(
    ("change", "part"),
    [({"order": "X"}, "order"), ({"s": 7}, "s=7 does not divide"), ({"tm": 0}, "at least 1"), ({"size": 3}, "size")],
)
def test_designs_that_are_illegal_are_refused(
    refused: Callable[..., str], designs: Path, change: dict[str, object], part: str
) -> None:
    document = json.loads(designs.read_text())
    document["layers"][0] |= change
    designs.write_text(json.dumps(document))
    assert part in refused("--network", SMALL_NETWORK, "--design", designs)


def test_an_out_that_is_a_file_is_refused_before_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    assert "a folder is needed" in refusal(capsys, "--out", file)
    assert "a folder is needed" in refusal(capsys, "--out", file / "below")
    assert file.read_text() == "mine"


def test_a_refusal_has_no_traceback_in_a_process_of_its_own() -> None:
    result = command("--capacitor", "5mA")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1


def test_what_is_refused_above_runs_otherwise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], designs: Path
) -> None:
    """The parts the refusals are made of are good: without the defect the same options replay."""
    good = tmp_path / "good.csv"
    good.write_text(with_values(np.arange(100), np.full(100, 2e-3)))
    supply, same = write_supply(tmp_path / "mine.toml", capacitance="1mF"), platform(tmp_path / "same.toml")
    options = ("--trace", good, "--supply", supply, "--platform", same, "--network", SMALL_NETWORK)
    assert summary_of(capsys, *options, "--design", designs)["inferences"]["completed"] > 0
