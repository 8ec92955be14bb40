"""Reference points recomputed from the published model over whole spaces (TiNAS; 5 mF capacitor)."""

from __future__ import annotations

from functools import cache

import pytest

from nas.space.columns import IMO, LATENCY
from nas.space.percentiles import percentiles
from nas.space.population import Constraints, SettingStatistics, population_statistics, stage_one_winner
from nas.space.search_space import load_mbconv_space as load_space
from nas.space.sensitivity import Parameter, block_sensitivity, network_sensitivity
from nas.space.table import SpaceTable, build_table

# Published requirements: 25th and 75th percentile of the latency of samples, and percentiles of their IMO.
HAR_L25, HAR_L75, HAR_P4, HAR_P46 = 18.53157244307734, 33.78383099809874, 51.048509299907224, 57.330044787415446
CIFAR_L25, CIFAR_L75, CIFAR_P2 = 248.48058414935332, 419.396478810978, 29.94382570620987

Shares = dict[tuple[float, int], tuple[float, float]]


@cache
def table_of(name: str) -> SpaceTable:
    return build_table(load_space(name))


def shares(statistics: tuple[SettingStatistics, ...]) -> Shares:
    """Feasible share in percent and mean MFLOP by network-level choice."""
    return {
        (entry.setting.width, entry.setting.resolution): (100 * entry.feasible_share, entry.feasible_flops / 1e6)
        for entry in statistics
    }


def har(latency_s: float, imo_percent: float = float("inf")) -> tuple[SettingStatistics, ...]:
    return population_statistics(table_of("har"), Constraints(latency_s, imo_percent))


def test_percentiles_of_the_whole_activity_space() -> None:
    assert percentiles(table_of("har"), LATENCY, [25, 75]) == pytest.approx([18.470, 33.777], abs=5e-4)
    assert percentiles(table_of("har"), IMO, [4, 46]) == pytest.approx([51.134, 57.263], abs=5e-4)


def test_extremes_of_the_whole_activity_space() -> None:
    assert percentiles(table_of("har"), LATENCY, [0, 100]) == pytest.approx([9.5, 86.4], abs=0.05)
    assert percentiles(table_of("har"), IMO, [0, 100]) == pytest.approx([44.8, 72.1], abs=0.05)


def test_first_stage_without_imo_limit() -> None:
    """TiNAS-U and TiNAS, both requirements."""
    strict, relaxed = har(HAR_L25), har(HAR_L75)
    assert stage_one_winner(strict) == (1.0, 64)
    assert shares(strict)[1.0, 64][0] == pytest.approx(33.2, abs=0.05)
    assert shares(strict)[1.0, 64][1] == pytest.approx(0.204, abs=5e-4)
    assert shares(strict)[0.9, 64][1] == pytest.approx(0.193, abs=5e-4)
    assert stage_one_winner(relaxed) == (1.0, 128)
    assert shares(relaxed)[1.0, 128][0] == pytest.approx(32.1, abs=0.05)
    assert shares(relaxed)[1.0, 128][1] == pytest.approx(0.403, abs=5e-4)
    assert shares(relaxed)[0.9, 128][1] == pytest.approx(0.379, abs=5e-4)


def test_first_stage_with_imo_limit() -> None:
    """TiNAS-M: at the strict requirement no setting passes, the published choice was decided by sampling noise."""
    relaxed, strict = har(HAR_L75, HAR_P4), har(HAR_L25, HAR_P46)
    passing = {setting for setting, (share, _) in shares(relaxed).items() if share >= 10}
    assert passing == {(0.5, 128), (0.6, 128)}
    assert shares(relaxed)[0.5, 128][0] == pytest.approx(11.4, abs=0.05)
    assert shares(relaxed)[0.6, 128][0] == pytest.approx(10.6, abs=0.05)
    assert stage_one_winner(relaxed) == (0.6, 128)
    assert stage_one_winner(strict) is None
    assert max(shares(strict).items(), key=lambda item: item[1][0])[0] == (0.6, 64)
    assert shares(strict)[0.6, 64][0] == pytest.approx(9.5, abs=0.05)
    assert shares(strict)[0.7, 64][0] == pytest.approx(9.05, abs=0.005)


@pytest.mark.parametrize(
    ("name", "parameter", "range_points", "low", "high", "block_shares"),
    [
        ("cifar10", Parameter.KERNELS, 21.6, 28.6, 50.2, (0.89, 0.09, 0.01, 0.00)),
        ("cifar10", Parameter.EXPANSIONS, 18.8, 37.3, 56.2, (0.74, 0.11, 0.03, 0.08)),
        ("cifar10", Parameter.REPEATS, 9.2, 42.4, 51.6, (0.42, 0.32, 0.05, 0.17)),
        ("har", Parameter.KERNELS, 8.0, 50.9, 58.9, (0.66, 0.25, 0.09)),
        ("har", Parameter.EXPANSIONS, 7.4, 53.6, 60.9, (0.47, 0.21, 0.27)),
        ("har", Parameter.REPEATS, 9.9, 51.0, 60.9, (0.28, 0.55, 0.13)),
    ],
)
def test_block_level_sensitivity(
    name: str, parameter: Parameter, range_points: float, low: float, high: float, block_shares: tuple[float, ...]
) -> None:
    found = block_sensitivity(load_space(name), parameter)
    assert (found.range_points, found.low, found.high) == pytest.approx((range_points, low, high), abs=0.0501)
    assert found.block_shares == pytest.approx(block_shares, abs=0.0055)


@pytest.mark.parametrize(("name", "range_points"), [("cifar10", 0.5), ("har", 0.7)])
def test_sensitivity_to_shortcuts(name: str, range_points: float) -> None:
    found = block_sensitivity(load_space(name), Parameter.SHORTCUTS)
    assert found.range_points == pytest.approx(range_points, abs=0.05)


def test_network_level_sensitivity_of_the_activity_space() -> None:
    """Ranges of population means: over widths at 128 samples, over resolutions at width 1."""
    statistics = har(float("inf"))
    assert network_sensitivity(statistics) == pytest.approx((1.7, 4.9), abs=0.05)


@pytest.mark.slow
def test_percentiles_of_the_whole_image_space() -> None:
    """The reference took a million samples per setting, which leaves about 0.1 s at L75 (one standard error)."""
    latency = percentiles(table_of("cifar10"), LATENCY, [0, 25, 75, 100])
    assert latency[1:3] == pytest.approx([247.51, 420.35], abs=0.3)
    imo = percentiles(table_of("cifar10"), IMO, [0, 2, 100])
    assert imo[1] == pytest.approx(29.918, abs=2e-3)
    # Samples cannot reach the extremes of the population, only come close to them.
    assert latency[0] == pytest.approx(126, abs=0.5)
    assert 1437 <= latency[3] <= 1437 * 1.03
    assert imo[0] == pytest.approx(25.2, abs=0.05)
    assert 62.1 - 0.05 <= imo[2] <= 62.1 + 0.5


@pytest.mark.slow
def test_first_stage_of_the_image_space() -> None:
    """Sampled shares of a million networks have a standard error of up to 0.05 points."""

    def image(latency_s: float, imo_percent: float = float("inf")) -> tuple[SettingStatistics, ...]:
        return population_statistics(table_of("cifar10"), Constraints(latency_s, imo_percent))

    strict, relaxed = image(CIFAR_L25), image(CIFAR_L75)
    assert stage_one_winner(strict) == (1.0, 28)
    assert shares(strict)[1.0, 28] == pytest.approx((14.1, 3.50), abs=0.15)
    assert shares(strict)[0.9, 28][1] == pytest.approx(3.23, abs=0.01)
    assert stage_one_winner(relaxed) == (1.0, 32)
    assert shares(relaxed)[1.0, 32] == pytest.approx((47.5, 5.98), abs=0.15)
    assert shares(relaxed)[0.9, 32][1] == pytest.approx(5.51, abs=0.01)
    # Guideline G1 at network level leaves widths from 0.6 at 32 pixels.
    reduced = tuple(entry for entry in strict if entry.setting.width >= 0.6 and entry.setting.resolution == 32)
    assert stage_one_winner(reduced) == (0.6, 32)
    assert shares(reduced)[0.6, 32][0] == pytest.approx(12.3, abs=0.15)
    assert shares(reduced)[0.7, 32][0] == pytest.approx(9.5, abs=0.15)
    for latency_s, share in ((CIFAR_L25, 10.3), (CIFAR_L75, 13.3)):
        limited = image(latency_s, CIFAR_P2)
        assert {setting for setting, (feasible, _) in shares(limited).items() if feasible >= 10} == {(0.2, 32)}
        assert shares(limited)[0.2, 32][0] == pytest.approx(share, abs=0.15)


@pytest.mark.slow
def test_network_level_sensitivity_of_the_image_space() -> None:
    statistics = population_statistics(table_of("cifar10"))
    assert network_sensitivity(statistics) == pytest.approx((6.7, 2.0), abs=0.06)


def test_mean_latency_follows_from_the_table_alone() -> None:
    """The mean of a sum is the sum of means: another way to the mean of every setting."""
    table = table_of("har")
    means = table.fixed[:, LATENCY] + table.blocks[..., LATENCY].mean(axis=2).sum(axis=1)
    found = [entry.latency_s.mean for entry in population_statistics(table)]
    assert found == pytest.approx(means.tolist(), rel=1e-12)
