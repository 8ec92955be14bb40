"""What a search is told and what it says, as text: quantities of options, traces and numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.search.options import config_from_arguments, search_parser
from nas.search.replaying import read_trace_word, trace_word
from nas.search.text_table import counted, figure
from simint.errors import InputError


def test_memory_is_told_in_bytes() -> None:
    def asked(text: str) -> float | None:
        return config_from_arguments(search_parser().parse_args(["--nvm", text])).limits.nvm_bytes

    assert asked("64kB") == asked("64000") == asked("64000B") == 64000
    with pytest.raises(InputError, match=r"--nvm: '64kJ' has unit 'kJ'"):
        asked("64kJ")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("rf-walk-by", "rf-walk-by"),
        ("rf-walk-by,crop_stop=5min,scale=0.5", "rf-walk-by,crop_stop=300,scale=0.5"),
        ("solar-day-cell,seed=3,end=stop,start=1h", "solar-day-cell,seed=3,start=3600,end=stop"),
        ("ghi.npz#sep,cell_area_m2=0.2cm2,cell_efficiency=15%", "ghi.npz#sep,cell_area_m2=2e-05,cell_efficiency=0.15"),
    ],
)
def test_a_trace_is_named_with_what_was_made_of_it(word: str, said: str) -> None:
    trace = read_trace_word(word)
    assert trace_word(trace) == said
    assert read_trace_word(trace_word(trace)) == trace


@given(st.floats(1.0, 1e12), st.integers(1, 6))
def test_numbers_in_tables_have_no_powers_of_ten(value: float, digits: int) -> None:
    said = figure(value, digits)
    assert "e" not in said
    # Half of the last digit that is written, and what binary numbers leave of a tie.
    assert abs(float(said.replace(",", "")) - value) <= max(0.5, 0.5 * value * 10.0 ** (1 - digits)) * (1 + 1e-9)


def test_one_is_not_many() -> None:
    assert [counted(number, "network") for number in (0, 1, 1200)] == ["0 networks", "1 network", "1,200 networks"]
