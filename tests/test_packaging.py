"""What is installed is complete: the wheel brings its presets, traces and spaces, wherever it is run from."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

CHECK = """
import simint, nas.space
from pathlib import Path
from simint.hardware.presets import load_part, load_platform, load_supply, part_names, preset_names
from simint.hardware.platform import Platform
from simint.hardware.supply import Supply
from simint.network.catalogue import load_network, network_presets
from simint.trace.catalogue_entries import catalogue_folder, catalogue_names
from simint.trace.load import load_trace

here = Path(simint.__file__).parent
assert "site" in here.parts, here
assert catalogue_folder().is_relative_to(here), catalogue_folder()
assert len(catalogue_names()) >= 8
assert load_trace("square-wave").segments > 0
assert len([load_platform(name) for name in preset_names(Platform)]) >= 3
assert len([load_supply(name) for name in preset_names(Supply)]) >= 6
folders = {"capacitor": "capacitors", "converter": "converters", "regulator": "regulators", "table": "tables"}
assert len([load_part(field, name) for field, folder in folders.items() for name in part_names(folder)]) >= 25
assert (here / "hardware" / "presets" / "tables" / "LICENSES.md").is_file()
assert len([load_network(preset.name) for preset in network_presets()]) == 48
assert nas.space.load_space("har").name
"""


@pytest.fixture(scope="module")
def unpacked_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def run(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with the unpacked wheel on its path and nothing of the checkout, in another folder."""
    environment = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run(
        [sys.executable, "-P", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_wheel_finds_its_data(unpacked_wheel: Path, tmp_path: Path) -> None:
    done = run(unpacked_wheel, tmp_path, "-c", CHECK)
    assert done.returncode == 0, done.stderr


def test_the_wheel_lists_its_traces_from_another_folder(unpacked_wheel: Path, tmp_path: Path) -> None:
    done = run(unpacked_wheel, tmp_path, "-m", "simint", "trace", "list")
    assert done.returncode == 0, done.stderr
    assert "rf-walk-by" in done.stdout


def test_the_wheel_is_typed_and_licensed(unpacked_wheel: Path) -> None:
    assert (unpacked_wheel / "simint" / "py.typed").is_file()
    assert list(unpacked_wheel.glob("simint-*.dist-info/licenses/LICENSE"))


def test_no_reference_data_is_packed(unpacked_wheel: Path) -> None:
    files = [file for file in unpacked_wheel.rglob("*") if file.is_file()]
    assert not [file.name for file in files if file.suffix in {".npz", ".npy", ".h5", ".gz", ".csv", ".trace", ".pt"}]
    # Every recording and data set is larger than the longest file of the program.
    assert max(file.stat().st_size for file in files if "dist-info" not in str(file)) < 100_000
