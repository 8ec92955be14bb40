"""Every field of a supply wrong once: one line names the file and the field."""

from __future__ import annotations

from pathlib import Path

import pytest

from simint.errors import InputError
from simint.hardware.presets import load_supply
from simint.hardware.supply import Supply

SUPPLY = """\
name = "mine"
source = "made for a test"
v_on = "3V"
v_off = "2.4V"
"""
BOARD: dict[str, str] = {
    "converter": '"bq25570"',
    "capacitor": '"x5r-100uF-1210"',
    "regulator": '"bq25570-buck-2v2"',
}
CONVERTER = '[converter]\nkind = "boost"\n'
CAPACITOR = '[capacitor]\ncapacitance = "1mF"\n'
LDO = '[regulator]\nkind = "ldo"\noutput_voltage = "1.8V"\n'
BUCK = '[regulator]\nkind = "buck"\noutput_voltage = "1.8V"\n'
PLAIN = CAPACITOR + CONVERTER
BANK = 'converter = "bq25570"\n[capacitor]\npart = "x5r-47uF-1210"\n'
WITH_LDO, WITH_BUCK = PLAIN + LDO, PLAIN + BUCK
COLD, MPPT = PLAIN + "[converter.cold_start]\n", PLAIN + "[converter.mppt]\n"
TABLE = '[converter.table]\nvoltage = ["0V", "1V"]\ncurrent = ["0A", "1mA"]\nefficiency = [[0.5, 0.6], [0.7, 0.8]]\n'


def supply(folder: Path, text: str, name: str = "mine.toml") -> Supply:
    file = folder / name
    file.write_text(SUPPLY + text, encoding="utf-8")
    return load_supply(str(file))


def refusal(folder: Path, text: str) -> str:
    """The one line that a supply file gives, which begins with a file."""
    with pytest.raises(InputError) as refused:
        supply(folder, text)
    line = str(refused.value)
    assert "\n" not in line
    return line


def table(**changes: str) -> str:
    """A boost converter with a table of two by two, some lines of it replaced."""
    lines = dict(line.split(" = ", 1) for line in TABLE.splitlines()[1:]) | changes
    return PLAIN + "[converter.table]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # Parts by name.
        ('converter = "bq25571"\n' + CAPACITOR, "unknown converter 'bq25571'; known: bq25504, bq25570, "),
        ('converter = "bq25570"\ncapacitor = "big"\n', "unknown capacitor 'big'; known: "),
        ('converter = "bq25570"\nregulator = "no"\n' + CAPACITOR, "unknown regulator 'no'; known: "),
        ('converter = "gone.toml"\n' + CAPACITOR, "`converter` names "),
        (CAPACITOR + "[converter]\npart = 5\n", "`converter.part` must be a name or a path to a .toml file, got 5"),
        (PLAIN + 'table = "flat"\n', "unknown table 'flat'; known: bq25504-input, "),
        (BANK + "parallel = 0\n", "capacitor: `parallel` must be a whole number from 1 on, got 0"),
        (BANK + "parallel = 2.5\n", "capacitor: `parallel` must be a whole number from 1 on, got 2.5"),
        ('converter = "bq25570"\n[capacitor]\ncapacitance = "1V"\nparallel = 2\n', "'1V' has unit 'V', expected F"),
        (CAPACITOR + '[converter]\npart = "bq25570"\nparallel = 2\n', "converter: unknown key `parallel`"),
        (
            CAPACITOR + '[converter]\npart = "bq25570"\nefficiency = 0.8\n',
            "`efficiency` and `table` say the same thing",
        ),
        ("converter = 5\n" + CAPACITOR, "got `int` - at `converter`"),
        # Converter.
        (CAPACITOR + '[converter]\nkind = "linear"\n', "converter: `kind` must be one of direct, boost, got 'linear'"),
        (PLAIN + "eff = 0.8\n", "converter: unknown key `eff`; known: efficiency, "),
        (PLAIN + "efficiency = 1.2\n", "`efficiency` must lie in (0, 1], got 1.2"),
        (PLAIN + 'input_min = "100mA"\n', "converter: input_min: '100mA' has unit 'mA', expected V"),
        (PLAIN + 'input_min = "-1V"\n', "`input_min` must not be negative"),
        (PLAIN + 'source_voltage = "0V"\n', "`source_voltage` must be positive"),
        (PLAIN + 'output_max = "5A"\n', "converter: output_max: '5A' has unit 'A', expected V"),
        (PLAIN + 'output_max = "0V"\n', "`output_max` must be positive, got 0"),
        (PLAIN + 'output_max = "2.9V"\n', "`converter.output_max` of 2.9 V lies below `v_on` (3 V)"),
        (PLAIN + 'quiescent = "-1nA"\n', "`quiescent` must not be negative"),
        (PLAIN + 'quiescent = "1nV"\n', "converter: quiescent: '1nV' has unit 'nV', expected A"),
        (CAPACITOR + '[converter]\nkind = "direct"\ndiode_drop = "-0.3V"\n', "`diode_drop` must not be negative"),
        (
            CAPACITOR + '[converter]\nkind = "direct"\nefficiency = 0.9\n',
            "converter: unknown key `efficiency`; known: diode_drop",
        ),
        (MPPT + "fraction = 1.0\n", "`fraction` must lie between 0 and 1"),
        (MPPT + "period = 16\n", "fraction"),
        (MPPT + 'fraction = 0.8\nperiod = "1s"\nsampling = "2s"\n', "must be below the period"),
        (COLD + 'below = "1.8V"\n', "efficiency"),
        (COLD + 'below = "3.5V"\nefficiency = 0.05\n', "`converter.cold_start.below` of 3.5 V lies above `v_on`"),
        (COLD + 'below = "0V"\nefficiency = 0.05\n', "`below` must be positive"),
        (COLD + 'below = "1.8V"\nefficiency = "2V"\n', "converter: cold_start.efficiency: '2V'"),
        (COLD + 'below = "1V"\nefficiency = 0.05\ninput_voltage = "0V"\n', "`input_voltage` must be positive"),
        # Tables.
        (table(voltage='["1V", "0V"]'), "`voltage` must rise strictly from 0 or above"),
        (table(voltage='["0V", "0V"]'), "`voltage` must rise strictly"),
        (table(voltage='["0A", "1A"]'), "converter: table: voltage[0]: '0A' has unit 'A', expected V"),
        (table(current='["-1mA", "1mA"]'), "`current` must rise strictly from 0 or above"),
        (table(current="[]"), "`current` must rise strictly"),
        (table(efficiency="[[0.5, 0.6]]"), "`efficiency` has 1 rows for 2 values of `voltage`"),
        (table(efficiency="[[0.5, 0.6], [0.7]]"), "`efficiency[1]` has 1 values for 2 values of `current`"),
        (table(efficiency="[[0.5, 0.6], [0.7, 1.1]]"), "`efficiency[1]` must lie in [0, 1]"),
        (table(efficiency="[0.5, 0.6]"), "efficiency"),
        (table(rows="[1]"), "converter: table: unknown key `rows`"),
        # Regulator.
        (WITH_LDO + 'dropout = "-1mV"\n', "`dropout` must not be negative"),
        (WITH_LDO + 'dropout = "0.7V"\n', "`v_off` of 2.4 V is too low: `regulator` needs 2.5 V"),
        (WITH_LDO + 'input_max = "1.8V"\n', "`input_max` must lie above `output_voltage` (1.8 V), got 1.8 V"),
        (WITH_LDO + 'input_max = "2.9V"\n', "`regulator.input_max` of 2.9 V lies below `v_on` (3 V)"),
        (WITH_LDO + 'output_current_max = "0A"\n', "`output_current_max` must be positive"),
        (WITH_LDO + 'output_current_max = "1W"\n', "regulator: output_current_max: '1W' has unit 'W', expected A"),
        (WITH_LDO + 'quiescent = "-1nA"\n', "`quiescent` must not be negative"),
        (WITH_LDO + "efficiency = 0.9\n", "regulator: unknown key `efficiency`"),
        (WITH_BUCK + 'headroom = "-1mV"\n', "`headroom` must not be negative"),
        (WITH_BUCK + 'output_current_max = "-1A"\n', "`output_current_max` must be positive"),
        (WITH_BUCK + 'efficiency = 0.9\ntable = "bq25570-output"\n', "`efficiency` and `table` say the same thing"),
        (WITH_BUCK.replace("1.8V", "0V"), "`output_voltage` must be positive"),
        (PLAIN + '[regulator]\nkind = "ldo"\n', "output_voltage"),
        (
            PLAIN + '[regulator]\nkind = "boost"\noutput_voltage = "1.8V"\n',
            "regulator: `kind` must be one of ldo, buck, got 'boost'",
        ),
        # Capacitor.
        (CONVERTER + CAPACITOR + 'esr = "-1ohm"\n', "`esr` must not be negative"),
        (CONVERTER + CAPACITOR + 'esr = "1V"\n', "capacitor: esr: '1V' has unit 'V', expected ohm"),
        (
            CONVERTER + CAPACITOR + 'rated_voltage = "2.5V"\n',
            "`capacitor.rated_voltage` of 2.5 V lies below `v_on` (3 V)",
        ),
        (CONVERTER + CAPACITOR + "volume_mm3 = 0.0\n", "`volume_mm3` must be positive"),
        (
            CONVERTER
            + CAPACITOR
            + 'leakage = "1Mohm"\n[capacitor.leakage_table]\nvoltage = ["0V", "1V"]\ncurrent = ["0A", "1uA"]\n',
            "`leakage` and `leakage_table` say the same thing",
        ),
        (
            CONVERTER + CAPACITOR + '[capacitor.derating]\nvoltage = ["0V"]\nshare = [1.5]\n',
            "`share` must lie in (0, 1]",
        ),
        (
            CONVERTER + CAPACITOR + '[capacitor.derating]\nvoltage = ["0V", "1F"]\nshare = [1.0, 0.5]\n',
            "capacitor: derating.voltage[1]: '1F' has unit 'F', expected V",
        ),
        # Supply.
        ('poll = "-1s"\n' + PLAIN, "`poll` must not be negative"),
        ('poll = "1V"\n' + PLAIN, "poll: '1V' has unit 'V', expected s"),
        ('quiescent_on = "-1uA"\n' + PLAIN, "`quiescent` and `quiescent_on` must not be negative"),
        (
            'v_max = "6V"\nconverter = "bq25570"\n' + CAPACITOR,
            "`converter.output_max` of 5.5 V lies below `v_max` (6 V)",
        ),
        (
            'v_max = "6V"\nregulator = "bq25570-buck-1v8"\n' + PLAIN,
            "`regulator.input_max` of 5.5 V lies below `v_max` (6 V)",
        ),
        (
            'v_max = "6.5V"\ncapacitor = "x5r-47uF-1210"\n' + CONVERTER,
            "`capacitor.rated_voltage` of 6.3 V lies below `v_max` (6.5 V)",
        ),
        (
            'regulator = "bq25570-buck-2v4"\n' + PLAIN,
            "`v_off` of 2.4 V is too low: `regulator` needs 2.6 V to hold its output of 2.4 V",
        ),
    ],
)
def test_one_line_names_the_file_and_the_field(text: str, message: str, tmp_path: Path) -> None:
    line = refusal(tmp_path, text)
    assert line.startswith(f"{tmp_path / 'mine.toml'}: ")
    assert message in line


def test_what_is_refused_above_loads_otherwise(tmp_path: Path) -> None:
    """The pieces the refusals are made of are good without the defect."""
    for text in (PLAIN, PLAIN + LDO, PLAIN + BUCK, table()):
        supply(tmp_path, text)
    supply(tmp_path, "".join(f"{key} = {value}\n" for key, value in BOARD.items()).replace("2v2", "1v8"))


@pytest.mark.parametrize(
    ("field", "content", "message"),
    [
        ("capacitor", 'capacitance = "1V"\n', "capacitance: '1V' has unit 'V', expected F"),
        ("capacitor", "capacitance = \n", "not valid TOML"),
        ("converter", 'kind = "boost"\nbelow = 5\n', "unknown key `below`"),
        ("regulator", 'kind = "buck"\n', "output_voltage"),
        ("regulator", 'kind = "buck"\noutput_voltage = "2V"\ntable = "no.toml"\n', "`table` names "),
    ],
)
def test_a_wrong_part_file_is_named_itself(field: str, content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "part.toml").write_text(content)
    others = {key: value for key, value in BOARD.items() if key != field}
    text = "".join(f"{key} = {value}\n" for key, value in others.items()) + f'{field} = "part.toml"\n'
    line = refusal(tmp_path, text)
    assert line.startswith(f"{tmp_path / 'part.toml'}: ")
    assert message in line
