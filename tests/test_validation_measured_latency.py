"""Table 5 of docs/validation.md on a subset: measured latencies against the balance of energy, replayed."""

from __future__ import annotations

from pathlib import Path

import pytest
from validation_scripts import validation_script

latency = validation_script("measured_latency")


@pytest.fixture(scope="module")
def runs(shared: Path) -> list:
    return latency.nodpa_runs(shared / "data")


def test_eighteen_runs_were_measured_at_both_powers(runs: list) -> None:
    assert len(runs) == 18
    assert not [run for run in runs if run.runtime == "CD"]  # cannot finish at 4 mW
    assert all(run.active_high_s < run.latency_high_s < run.latency_low_s for run in runs)


def test_the_inferred_load_gives_the_measured_latency_back(runs: list) -> None:
    """What is left is leakage and quiescent current of the preset, and less than a power cycle."""
    run = next(run for run in runs if (run.network, run.runtime) == ("Static HAR", "NodPA"))
    for harvest_while_on in (True, False):
        replayed = latency.replayed_latency_s(run, latency.HIGH_MW, harvest_while_on)
        assert replayed == pytest.approx(run.latency_high_s, rel=0.015)


def test_latency_at_a_third_of_the_power_is_predicted_better_with_harvest_while_on(runs: list) -> None:
    some = [run for run in runs if (run.network, run.runtime) == ("Static ResNet", "NodPA")]
    _, physics, abstract = latency.nodpa_table(some)
    assert max(map(abs, physics)) < 4
    assert all(abs(with_harvest) < abs(without) for with_harvest, without in zip(physics, abstract, strict=True))


def test_latency_follows_the_mean_power_whatever_the_waveform(shared: Path) -> None:
    _, errors = latency.dynbal_table(shared / "data")
    for name, most in (("2mW to 4mW", 3.0), ("thermal to 4mW", 2.0)):
        median, _ = latency.median_and_90th(errors[name])
        assert median < most, name
