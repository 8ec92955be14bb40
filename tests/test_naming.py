"""What errors say about the names there are."""

from __future__ import annotations

import json

import pytest

from simint.__main__ import main
from simint.naming import listing
from simint.network.catalogue import LISTED_BY, load_network, network_presets
from simint.whatif.metrics import METRIC_NAMES, METRICS_LISTED_BY

MANY = [f"name-{number}" for number in range(20)]


def test_a_few_names_are_all_said() -> None:
    assert listing(["b", "a"], "x", "list") == "known: b, a"


def test_of_many_the_nearest_come_first_and_none_is_lost() -> None:
    said = listing([*MANY, "capacitor"], "capacitro").removeprefix("known: ").split(", ")
    assert said[0] == "capacitor"
    assert sorted(said) == sorted([*MANY, "capacitor"])


def test_where_a_command_lists_them_the_nearest_will_do() -> None:
    assert listing([*MANY, "capacitor"], "capacitro", "names list") == "nearest: capacitor; all 21: `names list`"
    assert "20 are known (`names list` lists them), such as name-0" in listing(MANY, "?", "names list")


@pytest.mark.parametrize(
    ("command", "names"),
    [
        (LISTED_BY, [preset.name for preset in network_presets()]),
        (METRICS_LISTED_BY, METRIC_NAMES),
    ],
)
def test_the_commands_named_do_list(command: str, names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    words = command.split()
    assert words.pop(0) == "simint"
    if "--help" in words:
        with pytest.raises(SystemExit):
            main(words)
    else:
        assert main(words) == 0
    shown = capsys.readouterr().out
    assert [name for name in names if name not in shown.replace("\n", " ")] == []


def test_networks_are_listed_with_their_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["network", "list"]) == 0
    rows = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()[1:]}
    network = load_network("tinas-har-l25")
    layers, macs, weights, word = rows["tinas-har-l25"]
    assert (int(layers), int(weights.replace(",", ""))) == (len(network.layers), network.weight_elements)
    assert float(macs) == pytest.approx(network.macs / 1e6, abs=5e-4)
    assert load_network(word).layers == network.layers
    assert main(["network", "list", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert {entry["name"] for entry in entries} == set(rows)
    assert all(entry["source"] for entry in entries)
