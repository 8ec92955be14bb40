"""Parts by name: every shipped one loads and is cited; a supply may take them, change them and put them in banks."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from simint.hardware.capacitor import in_parallel
from simint.hardware.converter import Boost
from simint.hardware.presets import load_capacitor, load_part, load_supply, part_names, preset_names
from simint.hardware.regulator import Buck
from simint.hardware.supply import Supply

PARTS = {"capacitor": "capacitors", "converter": "converters", "regulator": "regulators", "table": "tables"}
ALL_PARTS = [(field, name) for field, folder in PARTS.items() for name in part_names(folder)]
# A DOI, a data sheet of TI, a repository, a part number of a maker, or the plain statement that there is no part.
CITATION = re.compile(
    r"doi:10\.\d{4}/|SL[A-Z]{3}\w+|SBVS\d+|TUDSSL/|LENS-TUGraz/|nes-lab/|Wuerth|KYOCERA|KEMET|Seiko|BAT54|No part"
)

SUPPLY = """\
name = "mine"
source = "made for a test"
v_on = "3V"
v_off = "2.4V"
"""


def supply(folder: Path, text: str, name: str = "mine.toml") -> Supply:
    file = folder / name
    file.write_text(SUPPLY + text, encoding="utf-8")
    return load_supply(str(file))


@pytest.mark.parametrize(("field", "name"), ALL_PARTS)
def test_every_part_loads_is_cited_and_called_as_its_file(field: str, name: str) -> None:
    part = load_part(field, name)
    assert part.name == name
    assert len(part.source) > 60
    assert CITATION.search(part.source), part.source


@pytest.mark.parametrize("name", preset_names(Supply))
def test_every_supply_is_cited_and_every_part_of_it_too(name: str) -> None:
    board = load_supply(name)
    assert len(board.source) > 60 or "doi:" in board.source
    assert CITATION.search(board.source), board.source
    # A part is shipped and so cited, or its numbers stand in the supply's own file.
    for part in (board.capacitor, board.converter, board.regulator):
        assert part is None or not part.name or len(part.source) > 60


def test_a_part_by_name_is_the_part(tmp_path: Path) -> None:
    mine = supply(tmp_path, 'converter = "bq25570"\ncapacitor = "x5r-100uF-1210"\nregulator = "bq25570-buck-2v2"\n')
    assert mine.converter == load_part("converter", "bq25570")
    assert mine.capacitor == load_capacitor("x5r-100uF-1210")
    assert mine.regulator == load_part("regulator", "bq25570-buck-2v2")


def test_a_part_of_one_s_own_is_found_beside_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "cap.toml").write_text('capacitance = "220uF"\n')
    (tmp_path / "parts" / "buck.toml").write_text('kind = "buck"\noutput_voltage = "1.8V"\ntable = "eta.toml"\n')
    (tmp_path / "parts" / "eta.toml").write_text('voltage = ["0V"]\ncurrent = ["0A"]\nefficiency = [[0.75]]\n')
    mine = supply(tmp_path, 'converter = "bq25504"\ncapacitor = "parts/cap.toml"\nregulator = "parts/buck.toml"\n')
    assert mine.capacitor.capacitance == 220e-6
    assert isinstance(mine.regulator, Buck)
    assert mine.regulator.table is not None
    assert mine.regulator.table.efficiency == ((0.75,),)


def test_a_named_part_with_changes(tmp_path: Path) -> None:
    text = 'capacitor = "x5r-100uF-1210"\n[converter]\npart = "bq25570"\nsource_voltage = "1V"\n'
    text += "[converter.mppt]\nfraction = 0.5\n"
    mine, whole = supply(tmp_path, text).converter, load_part("converter", "bq25570")
    assert isinstance(mine, Boost)
    assert mine.mppt is not None
    assert (mine.source_voltage, mine.mppt.fraction) == (1.0, 0.5)
    assert (mine.table, mine.cold_start, mine.output_max) == (whole.table, whole.cold_start, whole.output_max)


@pytest.mark.parametrize("name", part_names("capacitors"))
def test_a_bank_of_equal_capacitors(name: str, tmp_path: Path) -> None:
    mine = supply(tmp_path, f'converter = "bq25504"\n[capacitor]\npart = "{name}"\nparallel = 7\n')
    assert mine.capacitor == in_parallel(load_capacitor(name), 7)


def test_a_bank_of_one_s_own_capacitor(tmp_path: Path) -> None:
    text = 'converter = "bq25504"\n[capacitor]\ncapacitance = "10uF"\nleakage = "1Mohm"\nesr = "1ohm"\nparallel = 10\n'
    capacitor = supply(tmp_path, text).capacitor
    assert (capacitor.capacitance, capacitor.leakage, capacitor.esr) == pytest.approx((100e-6, 1e5, 0.1))


def test_parts_bring_their_quiescent_currents(tmp_path: Path) -> None:
    """The converter's flows all the time, the regulator's while the device is on."""
    text = 'quiescent = "1uA"\nquiescent_on = "2uA"\nconverter = "bq25570"\ncapacitor = "x5r-47uF-1210"\n'
    alone, regulated = supply(tmp_path, text), supply(tmp_path, text + 'regulator = "bq25570-buck-2v2"\n')
    assert alone.off_current == regulated.off_current == pytest.approx(1e-6 + 536e-9)
    assert alone.on_current == pytest.approx(2e-6 + 536e-9)
    assert regulated.on_current == pytest.approx(2e-6 + 635e-9)
    assert supply(tmp_path, text.replace("bq25570", "ideal-diode")).off_current == 1e-6


def test_without_a_clamp_the_lowest_rating_is_the_ceiling(tmp_path: Path) -> None:
    assert supply(tmp_path, 'converter = "bq25504"\ncapacitor = "x5r-47uF-1210"\n').ceiling == 5.25
    assert supply(tmp_path, 'converter = "bq25504"\ncapacitor = "supercap-11mF"\n').ceiling == 3.3
    assert supply(tmp_path, 'converter = "ideal-diode"\n[capacitor]\ncapacitance = "1mF"\n').ceiling == math.inf
