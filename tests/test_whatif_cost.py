"""What storage costs: a price that its owner gives with source and date, and fronts against it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pandas as pd
import pytest
from replay_runs import SMALL_NETWORK, refusal
from whatif_cases import tiny_scenario, tiny_study

from simint.errors import InputError
from simint.hardware.capacitor import Capacitor, Price, in_parallel, resized
from simint.hardware.presets import load_capacitor
from simint.scenario import load_parts, read_scenario, scenario_toml
from simint.whatif import load_study, run_study
from simint.whatif.__main__ import main

# Invented for these tests; no preset has a price.
PRICES = {"small": ("100uF", 8.2, 0.25), "large": ("470uF", 91.0, 1.5), "unpriced": ("220uF", 20.0, None)}


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """A folder with one file of each part."""
    for name, (capacitance, volume, usd) in PRICES.items():
        price = "" if usd is None else f'\n[price]\nusd = {usd}\nsource = "a test"\ndate = "2026-01-31"\n'
        text = f'name = "{name}"\nsource = "a test"\ncapacitance = "{capacitance}"\nvolume_mm3 = {volume}\n{price}'
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_price_is_of_all_capacitors_in_parallel(parts: Path) -> None:
    study = tiny_study("capacitor=small.toml,large.toml,unpriced.toml", "parallel=1,3", folder=parts)
    frame = run_study(study, parts / "study.db", jobs=1).frame
    assert frame["status"].eq("done").all()
    for name, (_, volume, usd) in PRICES.items():
        for _, row in frame[frame["capacitor"] == f"{name}.toml"].iterrows():
            assert row["capacitor_mm3"] == pytest.approx(volume * row["parallel"])
            if usd is None:
                assert pd.isna(row["capacitor_usd"])
            else:
                assert row["capacitor_usd"] == pytest.approx(usd * row["parallel"])


def test_another_capacitance_is_another_part_whose_price_nobody_said() -> None:
    price = Price(usd=2.0, source="a test", date="2026-01-31")
    part = Capacitor(capacitance=1e-3, volume_mm3=5.0, price=price, leakage=1e6)
    larger = resized(part, 2e-3)
    assert (larger.capacitance, larger.leakage) == (2e-3, part.leakage)
    assert larger.price is None
    assert larger.volume_mm3 is None
    assert resized(part, 1e-3) == part
    assert in_parallel(part, 3).price == msgspec.structs.replace(price, usd=6.0)


def test_a_price_stays_with_the_scenario_that_is_written(parts: Path) -> None:
    supply = load_parts(tiny_scenario(capacitor=str(parts / "small.toml"))).supply
    file = parts / "scenario.toml"
    file.write_text(scenario_toml(tiny_scenario(supply=supply)), encoding="utf-8")
    assert load_parts(read_scenario(file)).supply == supply
    assert supply.capacitor.price == Price(usd=0.25, source="a test", date="2026-01-31")


def test_the_front_against_cost_is_the_one_of_the_prices(parts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three small ones store less than one large one and cost half of it; what has no price is on no front."""
    base = ("--network", SMALL_NETWORK, "--trace", "constant-1mw", "--duration", "20s", "--jobs", "1")
    vary = ("--vary", f"capacitor={parts}/*l*.toml,{parts}/unpriced.toml", "--vary", "parallel=1,3")
    file, out = parts / "study.db", parts / "out"
    assert main([*base, *vary, "--study", str(file)]) == 0
    frame = load_study(file).frame
    assert len(frame) == 6
    wanted = ("--size", "capacitor_usd", "--y", "energy_per_inference_j")
    assert main(["report", str(file), *wanted, "--out", str(out)]) == 0
    assert "price of the capacitor" in " ".join(capsys.readouterr().out.split())
    front = pd.read_csv(out / "front.csv")
    priced = frame.dropna(subset=["capacitor_usd", "energy_per_inference_j"])
    costs = priced[["capacitor_usd", "energy_per_inference_j"]].to_numpy()
    best = [row for row in costs if not ((costs <= row).all(axis=1) & (costs < row).any(axis=1)).any()]
    assert sorted(front["capacitor_usd"]) == pytest.approx(sorted(row[0] for row in best))
    assert front["capacitor_usd"].notna().all()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('usd = 0.0\nsource = "s"\ndate = "2026-01-31"', "`usd` must be positive"),
        ('usd = 1.0\nsource = " "\ndate = "2026-01-31"', "`source` must say whose price"),
        ('usd = 1.0\nsource = "s"\ndate = "31.1.2026"', "`date` must be a day such as 2026-01-31"),
        ('usd = 1.0\nsource = "s"', "date"),
        ('usd = "1 EUR"\nsource = "s"\ndate = "2026-01-31"', "usd"),
    ],
)
def test_a_price_without_meaning_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, message: str
) -> None:
    file = tmp_path / "part.toml"
    file.write_text(f'name = "p"\nsource = "s"\ncapacitance = "1mF"\n[price]\n{line}\n', encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load_capacitor(str(file))
    assert str(file) in refusal(capsys, "--capacitor", file, "--duration", "1s")
