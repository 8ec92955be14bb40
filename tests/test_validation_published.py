"""Table 4 of docs/validation.md on a subset: the limits, and what replay says about the order of networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from validation_scripts import validation_script

published = validation_script("published")
columns = validation_script("published_columns")
ranks = validation_script("ranks")


@pytest.fixture(scope="module")
def har(shared: Path) -> list:
    """The six HAR networks with their limits."""
    networks = [network for network in published.published_networks(shared / "data") if network.dataset == "HAR"]
    return [(network, published.limits(network.preset)) for network in networks]


def column(shared: Path, label: str) -> object:
    return next(each for each in columns.columns(shared / "data") if each.label == label)


def test_twelve_networks_were_published(shared: Path) -> None:
    networks = published.published_networks(shared / "data")
    assert len({network.preset for network in networks}) == 12
    assert sorted(network.requirement for network in networks) == sorted(
        ["cifar10-l25", "cifar10-l75", "har-l25", "har-l75"] * 3
    )


def test_under_the_published_assumptions_replay_gives_the_published_latency(har: list) -> None:
    """0.04 % is what the listed deviations of the loop nest come to (batch norm has a third addition)."""
    for network, limit in har:
        assert limit.power_cycles == network.power_cycles
        assert limit.intermittent_s == pytest.approx(network.intermittent_s, rel=4e-4)
        assert limit.continuous_s == pytest.approx(network.continuous_s, rel=1e-4)


def test_every_assumption_that_goes_makes_inference_faster(har: list, shared: Path) -> None:
    """Harvest while on shortens recharges, running until brown-out spares most of them; neither beats no failures."""
    for network, limit in har[:2]:
        shutdown = published.mean_latency(network, column(shared, "shutdown"), limit.designs).latency_s
        tile = published.mean_latency(network, column(shared, "tile"), limit.designs).latency_s
        assert limit.continuous_s < tile < shutdown < network.intermittent_s


def test_the_bench_and_a_recorded_trace_agree_on_the_order_the_abstract_model_does_not(har: list, shared: Path) -> None:
    latencies = np.array(
        [
            [network.intermittent_s]
            + [
                published.mean_latency(network, column(shared, label), limit.designs).latency_s
                for label in ("tile", "rf-cart")
            ]
            for network, limit in har
        ]
    )
    tau, _ = ranks.rank_correlations(latencies)
    assert tau[1, 2] == pytest.approx(1.0)
    assert tau[0, 1] == pytest.approx(11 / 15)


def test_a_network_made_for_5_millifarad_never_finishes_on_1_where_the_trace_is_weak(shared: Path) -> None:
    network = next(n for n in published.published_networks(shared / "data") if n.preset == "tinas-m-cifar10-l25")
    designs = published.limits(network.preset).designs
    weak = published.mean_latency(network, column(shared, "jogging/1mF"), designs)
    assert weak.text == "never"
    assert weak.latency_s == np.inf
    assert np.isfinite(published.mean_latency(network, column(shared, "rf-cart/1mF"), designs).latency_s)


def test_columns_with_the_same_energy_between_the_thresholds() -> None:
    bench = columns.BENCH_ON**2 - columns.BENCH_OFF**2
    boost = columns.BOOST_ON**2 - columns.BOOST_OFF**2
    assert boost == pytest.approx(bench, rel=1e-12)


@given(st.lists(st.floats(1e-3, 1e6), min_size=3, max_size=12, unique_by=lambda value: f"{value:.12g}"))
def test_rank_correlation_sees_order_alone(values: list[float]) -> None:
    order = np.array(values)
    tau, rho = ranks.rank_correlations(np.column_stack([order, np.argsort(np.argsort(order)), -order]))
    for matrix in (tau, rho):
        assert matrix[0, 1] == pytest.approx(1.0)
        assert matrix[0, 2] == pytest.approx(-1.0)


def test_networks_that_never_finish_tie_at_the_end() -> None:
    tau, _ = ranks.rank_correlations(np.array([[1.0, 1.0], [2.0, 2.0], [np.inf, 3.0], [np.inf, 4.0]]))
    assert tau[0, 1] == pytest.approx(5 / np.sqrt(5 * 6))  # tau-b: 5 concordant pairs, one tie on one side
    pairs = [(i, j) for i in range(4) for j in range(i)]
    assert ranks.pairs_kept(np.array([1, 2, np.inf, np.inf]), np.array([1.0, 2, 3, 4]), pairs) == 5


def test_an_unknown_column_is_one_line(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["published.py", "--data", str(shared / "data"), "--columns", "moonlight"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", arguments)
        assert published.main() == 2
    assert capsys.readouterr().err.startswith("error: unknown column 'moonlight'; known: shutdown, tile")
