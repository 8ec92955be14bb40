"""`python -m nas.export`: files that simint replays, weights that read back, a header that compiles, mistakes."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from nas.export.__main__ import main
from simint.network.builder import LayerBuilder
from simint.network.json_file import read_network, write_network
from simint.network.network import Network
from simint.replay.__main__ import main as replay
from simint.tiling.designs_file import read_designs

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from nas.data.catalogue import load_data  # noqa: E402
from nas.export.integer_run import fixed_accuracy_percent, q15_accuracy_percent  # noqa: E402
from nas.export.weights_file import read_weights  # noqa: E402
from nas.train.__main__ import main as train  # noqa: E402
from nas.train.evaluate import accuracy_percent  # noqa: E402
from nas.train.model_file import read_model  # noqa: E402

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    builder = LayerBuilder((1, 8, 8))
    x = builder.batch_norm(builder.conv(builder.input, 8, (3, 3), (2, 2), (1, 1, 1, 1)))
    y = builder.relu(builder.batch_norm(builder.depthwise(x, (3, 3), (1, 1), (1, 1, 1, 1))))
    x = builder.add(builder.batch_norm(builder.conv(y, 8)), x)
    builder.fully_connected(builder.global_average_pool(x), 10, bias=True, name="classes */ 10")
    write_network(Network(name="2 small", layers=tuple(builder.layers)), folder / "small.json")
    words = [str(folder / "small.json"), "--data", "digits", "--epochs", "4", "--out", str(folder)]
    assert train(words) == 0
    return folder / "seed-0" / "model.pt"


@pytest.fixture(scope="module")
def exported(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    assert main([str(model_file), "--out", str(folder)]) == 0
    return folder


def test_the_files_are_replayed(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = read_network(exported / "network.json")
    assert len(read_designs(exported / "design.json", network)) == len(network.layers)
    words = ["--network", str(exported / "network.json"), "--design", str(exported / "design.json")]
    assert replay([*words, "--inferences", "2", "--json"]) == 0
    run = json.loads(capsys.readouterr().out)
    assert run["inferences"]["completed"] == 2


def test_the_command_it_names_replays_whatever_the_folder_is_called(
    model_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(model_file), "--out", str(tmp_path / "two words"), "--capacitor", "3mF"]) == 0
    verb, *words = shlex.split(capsys.readouterr().out.partition("replay it with: simint ")[2])
    assert verb == "replay"
    assert replay([*words, "--inferences", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["inferences"]["completed"] == 1


def test_the_report_says_what_both_arithmetics_reach(model_file: Path, exported: Path) -> None:
    data, module = load_data("digits"), read_model(model_file).module()
    report = json.loads((exported / "report.json").read_text())
    assert report["validation"]["float_accuracy_percent"] == accuracy_percent(module, data.validation)
    reached = report["validation"]["q15_accuracy_percent"]
    assert reached == q15_accuracy_percent(module, data.train, data.validation)
    assert reached == pytest.approx(report["validation"]["float_accuracy_percent"], abs=1.0)
    assert report["test"] is None
    assert [layer["name"] for layer in report["layers"]] == [layer.name for layer in module.network.layers]


def test_weights_read_back_as_the_network_that_was_measured(exported: Path) -> None:
    network = read_network(exported / "network.json")
    fixed = read_weights(exported / "weights.npz", network)
    report = json.loads((exported / "report.json").read_text())
    reached = fixed_accuracy_percent(fixed, load_data("digits").validation)
    assert reached == report["validation"]["q15_accuracy_percent"]
    stored = sum(tensor.numbers.size for layer in fixed.layers for tensor in (layer.weight, layer.offset) if tensor)
    kinds = [layer.ofm[0] for layer in network.layers if layer.kind == "BN"]
    assert stored == network.weight_elements - 2 * sum(kinds) + 10  # two of four per channel, and ten biases


def test_the_header_holds_the_same_numbers_and_compiles(exported: Path, tmp_path: Path) -> None:
    text = (exported / "weights.h").read_text()
    fixed = read_weights(exported / "weights.npz", read_network(exported / "network.json"))
    for position, layer in enumerate(fixed.layers):
        label = f"N_2_SMALL_L{position:02d}"
        assert re.search(rf"#define {label}_OUTPUT_BITS {layer.output_bits}\n", text)
        for word, tensor in (("weight", layer.weight), ("offset", layer.offset)):
            pattern = rf"n_2_small_l{position:02d}_{word}\[(\d+)\] = {{ /\* .* \*/\n([^}}]*)}};"
            match = re.search(pattern, text)
            assert (match is None) == (tensor is None)
            if match is not None and tensor is not None:
                numbers = [int(number) for number in match.group(2).split(",") if number.strip()]
                assert numbers == tensor.numbers.reshape(-1).tolist()
                assert int(match.group(1)) == len(numbers)
                assert f"#define {label}_{word.upper()}_BITS {tensor.bits}\n" in text
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("the header's numbers agree; no C compiler here to compile it with")
    source = tmp_path / "use.c"
    source.write_text('#include "weights.h"\nint main(void) { return N_2_SMALL_LAYERS; }\n')
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wno-unused-const-variable", "-Wno-unused-variable", "-Werror"]
    done = subprocess.run(
        [compiler, *flags, f"-I{exported}", "-fsyntax-only", str(source)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_normalisation_travels_with_the_weights(model_file: Path, exported: Path) -> None:
    model = read_model(model_file)
    with np.load(exported / "weights.npz") as file:
        assert np.array_equal(file["mean"], model.normalisation.mean)
        assert np.array_equal(file["scale"], model.normalisation.scale)


def test_other_platforms_and_capacitors_change_the_designs(
    model_file: Path, exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--platform", "msp430fr5994-tinas2024", "--out", str(tmp_path)]
    assert main([str(model_file), *words]) == 0
    assert "--platform msp430fr5994-tinas2024" in capsys.readouterr().out
    assert (tmp_path / "design.json").read_text() != (exported / "design.json").read_text()
    assert (tmp_path / "weights.npz").exists()


def test_a_folder_that_cannot_be_is_known_before_anything_is_computed(
    model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def computed(*_: object) -> None:
        raise AssertionError("too late")

    monkeypatch.setattr("nas.export.quantise.quantise", computed)
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    for place in ("file", "file/deeper/still"):
        assert main([str(model_file), "--out", str(tmp_path / place)]) == 2
        assert capsys.readouterr().err == f"error: {tmp_path / place}: cannot be written (Not a directory)\n"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_mistakes_are_one_line_and_write_nothing(
    model_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.pt").write_bytes(b"")
    model, out = str(model_file), ["--out", str(tmp_path / "out")]
    changed = torch.load(model, weights_only=True)
    changed["record"] = changed["record"].replace('"data_sha256":"', '"data_sha256":"0')
    torch.save(changed, tmp_path / "other.pt")
    capsys.readouterr()
    cases = [
        ([str(tmp_path / "none.pt"), *out], "no such model file"),
        ([str(tmp_path / "bad.pt"), *out], "not a model file"),
        ([str(tmp_path / "other.pt"), *out], "was trained on other samples of 'digits'"),
        ([model, "--capacitor", "1nF", *out], "layer"),
        ([model, "--capacitor", "1s", *out], "--capacitor"),
        ([model, "--objective", "published", *out], "does not go with platform"),
        ([model, "--platform", "z80", *out], "z80"),
    ]
    for words, expected in cases:
        assert main(words) == 2, words
        said = capsys.readouterr().err
        assert said.startswith("error: ")
        assert said.count("\n") == 1
        assert expected in said
    assert not (tmp_path / "out").exists()
