"""Text with units to SI floats and back, and TOML data to checked structs."""

from __future__ import annotations

import enum
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simint.config import Farad, Ohm, Ratio, Second, decode, load_toml, read_toml
from simint.errors import InputError
from simint.units import format_duration, format_quantity, parse_percent, parse_quantity, unit_scale

UNITS = ["F", "ohm", "V", "A", "W", "J", "s", "Hz", "B", "m2", "W/m2"]
POWER = {"m2": 2}  # a square millimetre is 10^-6 square metres
PREFIXES = {"f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9}

units = st.sampled_from(UNITS)
prefixes = st.sampled_from(sorted(PREFIXES))
numbers = st.floats(min_value=1e-30, max_value=1e30).flatmap(lambda size: st.sampled_from([size, -size]))


@given(numbers, prefixes, units, st.sampled_from(["", " ", "  "]))
def test_a_prefix_is_exactly_its_power_of_ten(number: float, prefix: str, unit: str, space: str) -> None:
    """`100uF` is the double nearest to 1e-4, not 100 times the double nearest to 1e-6."""
    wanted = float(Decimal(repr(number)).scaleb(PREFIXES[prefix] * POWER.get(unit, 1)))
    assert parse_quantity(f"{number!r}{space}{prefix}{unit}", unit) == wanted


@given(numbers, units)
def test_a_bare_number_is_si(number: float, unit: str) -> None:
    assert parse_quantity(number, unit) == parse_quantity(repr(number), unit) == number


@given(st.floats(min_value=1e-15, max_value=1e12), st.sampled_from(UNITS[:-2]), st.integers(2, 9))
@example(999.96, "V", 4)
@example(0.99999, "s", 3)
@example(1e-6, "F", 4)
def test_text_reads_back_to_the_digits_it_shows(value: float, unit: str, digits: int) -> None:
    text = format_quantity(value, unit, digits)
    assert parse_quantity(text, unit) == pytest.approx(value, rel=0.501 * 10.0 ** (1 - digits))
    assert format_quantity(-value, unit, digits) == f"-{text}"


@given(st.floats(min_value=1e-14, max_value=9.99e11), st.sampled_from(UNITS[:-2]))
def test_text_has_one_to_three_digits_before_the_point(value: float, unit: str) -> None:
    number = float(format_quantity(value, unit).split()[0])
    assert 1 <= number < 1000


@given(units, prefixes, units)
def test_a_unit_of_another_dimension_is_refused(unit: str, prefix: str, other: str) -> None:
    if other == unit:
        assert unit_scale(f"{prefix}{other}", unit) == Decimal(1).scaleb(PREFIXES[prefix] * POWER.get(unit, 1))
    else:
        with pytest.raises(InputError, match=r"option: .* has unit .*, expected"):
            parse_quantity(f"1{prefix}{other}", unit, "option")


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("5mF", "F", 5e-3),
        ("100uF", "F", 1e-4),
        ("470 µF", "F", 470e-6),
        ("470 μF", "F", 470e-6),
        ("2.8kohm", "ohm", 2800.0),
        ("1 MΩ", "ohm", 1e6),
        ("1 mΩ", "ohm", 1e-3),
        ("10 ms", "s", 0.01),
        ("2min", "s", 120.0),
        ("1.5 h", "s", 5400.0),
        ("24h", "s", 86400.0),
        ("30d", "s", 2_592_000.0),
        ("2KiB", "B", 2048.0),
        ("2kB", "B", 2000.0),
        ("4cm2", "m2", 4e-4),
        ("10mm2", "m2", 1e-5),
        ("100mW/cm2", "W/m2", 1000.0),
        ("15%", "", 0.15),
        ("1e3", "V", 1000.0),
        (".5V", "V", 0.5),
        ("-3.3V", "V", -3.3),
        ("inf", "ohm", math.inf),
    ],
)
def test_what_people_write(text: str, unit: str, value: float) -> None:
    assert parse_quantity(text, unit) == value


@pytest.mark.parametrize(
    "text", ["", "V", "five V", "5 V 3", "5V5", "1,5V", "0x10", "nan", "5 mmV", "5 m", "5", None, True, [5], "1e400V"]
)
def test_what_is_no_quantity(text: Any) -> None:
    if text == "5":
        assert parse_quantity(text, "V") == 5.0
        return
    with pytest.raises(InputError, match=r"^--v-on: ") as refusal:
        parse_quantity(text, "V", "--v-on")
    assert "\n" not in str(refusal.value)


def test_a_float_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(InputError, match="not a number"):
        parse_quantity(math.nan, "V")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, "J", "0 J"),
        (0.00234, "J", "2.34 mJ"),
        (999.99999, "V", "1 kV"),
        (123456.0, "Hz", "123.5 kHz"),
        (-5e-7, "A", "-500 nA"),
        (math.inf, "s", "never"),
        (math.inf, "F", "inf"),
    ],
)
def test_quantities_as_text(value: float, unit: str, text: str) -> None:
    assert format_quantity(value, unit) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"),
        (0.82, "820 ms"),
        (12.34, "12.3 s"),
        (60.0, "1 min"),
        (245.0, "4 min 5 s"),
        (3600.0, "1 h"),
        (9000.0, "2 h 30 min"),
        (86399.9, "1 d"),
        (273600.0, "3 d 4 h"),
        (math.inf, "never"),
    ],
)
def test_durations_as_text(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


# Configuration


@pytest.mark.parametrize(("text", "percent"), [("30", 30.0), ("30%", 30.0), (" 57 % ", 57.0), ("0.5%", 0.5)])
def test_percent_with_and_without_its_sign(text: str, percent: float) -> None:
    assert parse_percent(text, "--imo") == percent


@pytest.mark.parametrize("text", ["", "%", "30%%", "30mW", "x"])
def test_what_is_no_percent(text: str) -> None:
    with pytest.raises(InputError, match="--imo: "):
        parse_percent(text, "--imo")


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    capacitance: Farad
    leakage: Ohm = math.inf

    def __post_init__(self) -> None:
        if not self.capacitance > 0:
            raise InputError(f"`capacitance` must be positive, got {self.capacitance:g}")


class Whole(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    part: Part
    spares: tuple[Part, ...] = ()
    wait: Second | None = None
    share: Ratio = 1.0
    count: int = 1
    colour: Colour = Colour.RED
    other: str | Part = ""


def test_unit_text_is_read_wherever_it_stands() -> None:
    data = {
        "part": {"capacitance": "5mF", "leakage": 1e6},
        "spares": [{"capacitance": "1uF"}, {"capacitance": 2}],
        "wait": "2min",
        "share": "15%",
        "colour": "blue",
        "other": {"capacitance": "3F"},
    }
    assert decode(data, Whole, "x") == Whole(
        part=Part(capacitance=5e-3, leakage=1e6),
        spares=(Part(capacitance=1e-6), Part(capacitance=2.0)),
        wait=120.0,
        share=0.15,
        colour=Colour.BLUE,
        other=Part(capacitance=3.0),
    )


GOOD = {"part": {"capacitance": 1}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 3}, "x.toml: unknown key `size`; known: part, spares, wait, share, count, colour, other"),
        ({"part": {"capacitance": 1, "esr": 2}}, "x.toml: unknown key `part.esr`; known: capacitance, leakage"),
        ({"spares": [{"capacitance": 1, "esr": 2}]}, "x.toml: unknown key `spares[0].esr`"),
        ({"part": {}}, "x.toml: Object missing required field `capacitance` - at `part`"),
        ({"part": {"capacitance": "5mA"}}, "x.toml: part.capacitance: '5mA' has unit 'mA', expected F"),
        ({"spares": [GOOD["part"], {"capacitance": "5"}, {"capacitance": "x"}]}, "x.toml: spares[2].capacitance: 'x'"),
        ({"spares": [{"capacitance": 0}]}, "x.toml: `capacitance` must be positive, got 0"),
        ({"part": {"capacitance": [1]}}, "x.toml: Expected `float`, got `array` - at `part.capacitance`"),
        ({"part": 3}, "x.toml: Expected `object`, got `int` - at `part`"),
        ({"wait": "2 V"}, "x.toml: wait: '2 V' has unit 'V', expected s"),
        ({"share": "2 W"}, "x.toml: share: '2 W' has unit 'W', expected no unit"),
        ({"count": "3"}, "x.toml: Expected `int`, got `str` - at `count`"),
        ({"count": 1.5}, "x.toml: Expected `int`, got `float` - at `count`"),
        ({"colour": "green"}, "x.toml: `colour` must be one of red, blue, got 'green'"),
        ({"wait": True}, "x.toml: Expected"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as refusal:
        decode({**GOOD, **change}, Whole, "x.toml")
    assert str(refusal.value).startswith(message)
    assert "\n" not in str(refusal.value)


def test_numbers_may_be_text_where_everything_is() -> None:
    """As in KEY=VALUE on a command line."""
    assert decode({**GOOD, "count": "3"}, Whole, "--read", text_numbers=True).count == 3
    with pytest.raises(InputError, match=r"^--read: .*`count`"):
        decode({**GOOD, "count": "many"}, Whole, "--read", text_numbers=True)


def test_a_file_is_named_with_what_is_wrong_in_it(tmp_path: Path) -> None:
    file = tmp_path / "part.toml"
    with pytest.raises(InputError, match=r"part\.toml: cannot be read \(No such file"):
        load_toml(file, Part)
    file.write_text("capacitance = \n")
    with pytest.raises(InputError, match=r"part\.toml: not valid TOML: .*line 1"):
        read_toml(file)
    file.write_bytes(b"capacitance = '\xff'")
    with pytest.raises(InputError, match=r"part\.toml: cannot be read"):
        read_toml(file)
    file.write_text("capacitance = '4.7mF'  # two in parallel\n")
    assert load_toml(file, Part) == Part(capacitance=4.7e-3)
