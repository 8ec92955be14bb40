"""What varies: the grammar of values, the parameters there are, and which points a study has."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from whatif_cases import tiny_study

from simint.errors import InputError
from simint.whatif import Range, parse_variation
from simint.whatif.fields import known_fields
from simint.whatif.study import Hold, description, parse_sampling, points, read_description, read_study


def test_a_logarithmic_range_has_equal_ratios_and_exact_ends() -> None:
    values = [float(value) for value in parse_variation("capacitor=100uF:10mF:log:21").values]
    assert (values[0], values[-1]) == (1e-4, 1e-2)
    assert np.allclose(np.diff(np.log(values)), math.log(100) / 20, rtol=1e-9)
    assert values[10] == pytest.approx(1e-3, rel=1e-12)


def test_a_linear_range_has_equal_steps_in_round_numbers() -> None:
    assert parse_variation("v_on=2.6V:4V:8").values == (2.6, 2.8, 3.0, 3.2, 3.4, 3.6, 3.8, 4.0)
    assert parse_variation("v_on=2600mV:4V:lin:3").values == (2.6, 3.3, 4.0)


def test_lists_mix_values_and_ranges_and_units_are_those_of_the_parameter() -> None:
    assert parse_variation("v_on=2.5V,3V:3.4V:3").values == (2.5, 3.0, 3.2, 3.4)
    assert parse_variation("supply.quiescent=100nA,1uA").values == (1e-7, 1e-6)
    assert parse_variation("workload.period=1min,1h").values == (60.0, 3600.0)
    assert parse_variation("trace.scale=50%,2").values == (0.5, 2.0)


def test_whole_numbers_stay_whole_and_distinct() -> None:
    assert parse_variation("workload.inferences=1:1000:log:4").values == (1, 10, 100, 1000)
    assert parse_variation("parallel=1:3:9").values == (1, 2, 3)


def test_wild_cards_find_files_arrays_and_names(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", ".hidden.csv", "c.txt"):
        (tmp_path / name).write_text("0\n")
    np.savez(tmp_path / "both.npz", second=np.ones(2), first=np.ones(2))
    text = "trace=*.csv,both.npz#*,constant-1mw,a.*"
    assert parse_variation(text, tmp_path).values == (
        *("a.csv", "b.csv", "both.npz#first", "both.npz#second"),
        "constant-1mw",
    )
    solar = parse_variation("trace=solar-*").values
    assert "solar-day-clouds" in solar
    assert all(str(name).startswith("solar-") for name in solar)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("boot_time=1ms", "did you mean platform.boot_time?"),
        ("capacitro=1mF", "did you mean capacitor"),
        ("period=1s", "workload.period"),
        ("nonsense=1", "known: capacitor"),
        ("v_on=3s", "expected V"),
        ("v_on", "NAME=VALUES"),
        ("v_on=", "NAME=VALUES"),
        ("v_on=3V,,4V", "a value is missing"),
        ("v_on=3V,3000mV", "given twice"),
        ("v_on=4V:3V:5", "from a number to a larger one"),
        ("v_on=1V:2V:1", "at least 2 values"),
        ("v_on=1V:2V:3:4", "LOW:HIGH:log:N"),
        ("v_on=1V:2V,3V", "say how many"),
        ("trace.scale=0:1:log:5", "must start above 0"),
        ("workload.inferences=1.5", "whole number"),
        ("policy.guard=maybe", "none of true, false"),
        ("trace.end=stop,go", "none of loop, hold, stop"),
        ("trace=nowhere/*.csv", "matches no file and no known name"),
        ("policy=tile,tile", "given twice"),
        ("capacitor=1mF,x5r-100uF-1206", "not a quantity"),
    ],
)
def test_what_cannot_vary_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_variation(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_number_of_a_scenario_can_vary() -> None:
    names = set(known_fields())
    for name in (
        *("capacitor", "parallel", "v_on", "v_off", "duration", "initial_voltage", "policy.period", "trace.scale"),
        *("supply.capacitor.leakage", "supply.capacitor.esr", "supply.converter.efficiency", "platform.boot_time"),
        *("platform.energy.mac.per_element", "workload.deadline", "application.before.0.duration", "engine"),
    ):
        assert name in names
    # A capacitance has one name, so that nothing is set twice.
    assert not {"capacitance", "supply.capacitor.capacitance", "supply.v_on"} & names


@given(
    low=st.floats(1e-9, 1e6),
    ratio=st.floats(1.0001, 1e6),
    share=st.floats(0.0, 1.0),
    log=st.booleans(),
)
def test_a_range_contains_what_it_yields_and_rises(low: float, ratio: float, share: float, log: bool) -> None:
    span = Range(low, low * ratio, 5, log)
    assert span.low <= span.at(share) <= span.high
    assert list(span.values()) == sorted(span.values())


def test_a_grid_has_every_combination_once() -> None:
    study = tiny_study("capacitor=1mF,2mF", "policy=tile,jit", "v_on=3V:3.2V:3")
    asked = points(study)
    assert asked == list(itertools.product((1e-3, 2e-3), ("tile", "jit"), (3.0, 3.1, 3.2)))


@pytest.mark.parametrize("method", ["random", "lhs"])
def test_samples_are_seeded_and_stay_inside(method: str) -> None:
    def sample(seed: int) -> list[tuple[object, ...]]:
        vary = ("capacitor=100uF:10mF:log", "v_on=3V:4V", "policy=tile,jit", "workload.inferences=1:9")
        return list(points(tiny_study(*vary, sampling=parse_sampling(f"{method}:50", seed))))

    asked = sample(1)
    assert len(asked) == 50
    assert asked == sample(1)
    assert asked != sample(2)
    for capacitance, v_on, policy, inferences in asked:
        assert isinstance(capacitance, float)
        assert isinstance(v_on, float)
        assert isinstance(inferences, int)
        assert 1e-4 <= capacitance <= 1e-2
        assert 3.0 <= v_on <= 4.0
        assert policy in ("tile", "jit")
        assert 1 <= inferences <= 9


def test_a_latin_hypercube_has_one_point_in_each_slice_of_each_parameter() -> None:
    asked = points(
        tiny_study("capacitor=100uF:10mF:log", "v_on=3V:4V", "policy=tile,jit", sampling=parse_sampling("lhs:40"))
    )
    decades = sorted((math.log10(float(point[0])) + 4) / 2 for point in asked)
    volts = sorted(float(point[1]) - 3.0 for point in asked)
    for shares in (decades, volts):
        assert [int(share * 40) for share in shares] == list(range(40))
    assert sum(point[2] == "tile" for point in asked) == 20


@pytest.mark.parametrize("text", ["grid:3", "lhs", "lhs:0", "random:-1", "sobol:8", "random:ten"])
def test_samples_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="grid, random:N or lhs:N"):
        parse_sampling(text)


@pytest.mark.parametrize(
    ("vary", "hold", "said"),
    [
        ((), None, "something that varies"),
        (("v_on=3V", "supply.v_on=3.1V"), None, "given twice"),
        (("v_on=3V:4V",), None, "say how many values 3.0:4.0 has"),
        (("capacitor=1mF",), Hold.ENERGY, "--hold energy chooses the capacitance"),
        (("parallel=1,2",), Hold.VOLUME, "--hold volume chooses"),
    ],
)
def test_studies_that_contradict_themselves(vary: tuple[str, ...], hold: Hold | None, said: str) -> None:
    with pytest.raises(InputError, match=said):
        tiny_study(*vary, hold=hold)


def test_a_description_says_all_of_a_study() -> None:
    study = tiny_study(
        *("capacitor=100uF:10mF:log:7", "policy.guard=true,false", "trace=solar-*", "parallel=1,2"),
        sampling=parse_sampling("lhs:12", 5),
    )
    text = description(study)
    again = read_description(text)
    assert points(again) == points(study)
    assert again.variations == study.variations
    assert again.scenario == study.scenario
    assert description(again) == text


def test_a_study_file_reads_as_the_command_line_would(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time_s,power_W\n0,1\n1,1\n")
    (tmp_path / "study.toml").write_text(
        'sample = "lhs:4"\nhold = "energy"\n[vary]\nv_on = "3V:3.5V"\npolicy.guard = [true, false]\ntrace = "*.csv"\n'
        '[scenario.trace]\nname = "constant-1mw"\n'
    )
    study = read_study(tmp_path / "study.toml")
    assert study.names == ("v_on", "policy.guard", "trace")
    assert study.variations[1].values == ("true", "false")
    assert study.variations[2].values == ("a.csv",)
    assert study.hold is Hold.ENERGY
    assert len(points(study)) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[vary]\nv_on = 3\n[scenario.trace]\nname = 'x'\n[other]\n", "unknown key `other`"),
        ("[vary]\nv_on = []\n[scenario.trace]\nname = 'x'\n", "`vary.v_on` must be"),
        ("design = 'nearest'\n[vary]\nv_on = 3\n[scenario.trace]\nname = 'x'\n", "`design` must be best or held"),
        ("[vary]\nv_on = '3s'\n[scenario.trace]\nname = 'x'\n", "expected V"),
        ("[vary]\nv_on = 3\n", "scenario"),
    ],
)
def test_study_files_that_are_wrong(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "study.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_study(path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(path))
