"""What `inas_search.py` found, as tables in Markdown."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nas.hardware.baseline import Rivals, mean_reduction, rivals
from nas.hardware.deployed import DeployedNetwork, deployed_networks, deployed_target
from nas.hardware.plain_layers import PlainLayers, layer_of
from nas.hardware.plain_model import plain_model
from nas.hardware.plain_population import every_genome
from nas.methods.inas.settings import InasSettings
from nas.space import PlainSpace
from nas.space.target import target_platform, target_settings
from simint.network.families import network_from_word
from simint.tiling.published.evaluate import OK, evaluate_design
from simint.tiling.search.continuous import explore_continuous
from simint.units import format_quantity

SPACE = "inas-har"
PUBLISHED_EPOCHS = 25  # of a child, iNAS
AS_SEARCHED, ALL_ENERGY = 0.55, 1.0  # share of the stored energy that a power cycle may use


@dataclass(frozen=True)
class Training:
    """A network trained on its own; `percent` of the validation subjects is None where the training failed."""

    word: str
    epochs: int
    percent: float | None
    seconds: float


@dataclass(frozen=True)
class Searched:
    """One search: the networks it had trained, in order, the one it returned (empty for none), and its seconds.

    `name`: of the published network whose requirement it was for. `priced` networks took `direct_s` where each was
    explored anew, and `tables_s` where a layer was explored once in a search. `controller_s`: all other time.
    """

    name: str
    seed: int
    trials: int
    epochs: int
    sampled: bool
    asked: tuple[str, ...]
    returned: str
    priced: int
    direct_s: float
    tables_s: float
    controller_s: float


@dataclass(frozen=True)
class Study:
    """All searches, and the trainings that they asked for, by word."""

    space: PlainSpace
    searches: tuple[Searched, ...]
    trainings: dict[str, Training]
    seeds: int
    settings: InasSettings
    epochs: int

    @cached_property
    def pairs(self) -> tuple[SearchedPair, ...]:
        """Every iNAS search with the HW-NAS search of the same seed at the same percentile."""
        published = {deployed.name: deployed for deployed in deployed_networks()}
        return tuple(
            SearchedPair(published[one.name], one, other)
            for one in self.searches
            for other in self.searches
            if published[one.name].capacitance is not None
            and published[other.name].capacitance is None
            and (one.seed, published[one.name].percentile) == (other.seed, published[other.name].percentile)
        )

    @property
    def complete(self) -> list[SearchedPair]:
        """Those where both searches returned a network."""
        return [pair for pair in self.pairs if pair.inas.returned and pair.blind.returned]

    def training_s(self, search: Searched) -> float:
        """Seconds of all trainings a search asked for."""
        return math.fsum(self.trainings[word].seconds for word in search.asked)

    def percent(self, word: str) -> float:
        """Validation accuracy of a network."""
        found = self.trainings[word].percent
        return math.nan if found is None else found


@dataclass(frozen=True)
class SearchedPair:
    """A search of iNAS for a published requirement, and the HW-NAS search it is compared with."""

    asked: DeployedNetwork
    inas: Searched
    blind: Searched

    def runs(self, margin: float) -> Rivals:
        """What the networks returned cost."""
        networks = [network_from_word(search.returned) for search in (self.inas, self.blind)]
        return rivals(networks[0], networks[1], deployed_target(self.asked), margin)


def page(study: Study) -> str:
    """All tables."""
    flags = f"--seeds {study.seeds} --trials {study.settings.trials} --epochs {study.epochs}"
    lines = [
        "# iNAS and HW-NAS, searched anew for activity recognition",
        "",
        f"Made by `docs/nas/inas_search.py {flags}{' --sampled' if study.settings.sampled else ''}`: space `{SPACE}`,",
        "published requirements, capacitors and cost model (energy factor 0.55), controller as mended; every network",
        f"trained alike, {study.epochs} epochs (published: {PUBLISHED_EPOCHS}), {len(study.trainings)} of them in all;",
        "accuracy of the validation subjects at the best epoch. Searches with the same seed begin with the same random",
        "numbers. Seconds are processor time of one thread; those of a search count all its trainings, also where",
        "another search had made them already.",
        "",
        _searches(study),
        _pairs(study),
        _reductions(study),
        _overhead(study),
        _everything(study.space),
    ]
    return "\n".join(lines)


def _searches(study: Study) -> str:
    rows = []
    for deployed in (d for d in deployed_networks() if d.space == SPACE):
        own = [search for search in study.searches if search.name == deployed.name]
        per_network_ms = [1e3 * sum(values) / sum(s.priced for s in own) for values in _priced_s(own)]
        rows.append(
            (
                f"{'HW-NAS' if deployed.capacitance is None else 'iNAS'}, {_capacitor(deployed)}",
                f"{deployed.requirement:g}",
                f"{statistics.mean(len(search.asked) for search in own):.0f}",
                f"{_mean(study.percent(search.returned) for search in own if search.returned)}",
                f"{statistics.mean(study.training_s(search) for search in own):.1f}",
                f"{statistics.mean(search.controller_s for search in own):.2f}",
                *(f"{value:.2f}" for value in per_network_ms),
            )
        )
    header = ("search", "required s", "trained", "accuracy %", "training s", "controller s", "ms a network", "tables")
    return _table("Searches, means over seeds; pricing in ms a network, explored anew and with tables", header, rows)


def _priced_s(searches: Sequence[Searched]) -> tuple[list[float], list[float]]:
    return [search.direct_s for search in searches], [search.tables_s for search in searches]


def _pairs(study: Study) -> str:
    rows = []
    for pair in study.complete:
        run, asked = pair.runs(AS_SEARCHED), pair.asked
        picked = _picked(study, pair)
        rows.append(
            (
                f"{_capacitor(asked)}, {asked.requirement:g} s",
                str(pair.inas.seed),
                f"`{_short(pair.inas.returned)}` {study.percent(pair.inas.returned):.1f}",
                f"{run.inas.latency_s:.2f}",
                f"`{_short(pair.blind.returned)}` {study.percent(pair.blind.returned):.1f}",
                f"{run.blind.latency_s:.2f}" if run.blind.safe else f"unsafe: {run.blind.unsafe_layer}",
                _anew(run.blind_anew_s, asked.requirement),
                "-" if picked is None else f"`{_short(picked[0])}` {study.percent(picked[0]):.1f}, {picked[1]:.2f} s",
            )
        )
    header = ("requirement", "seed", "iNAS %", "s", "HW-NAS %", "own designs s", "designs anew s", "best after all %")
    note = (
        "`best after all`: the most accurate of the networks that HW-NAS had trained which meets the requirement of\n"
        "iNAS with designs chosen anew; no more training, only prices.\n"
    )
    return _table("Networks returned, under intermittent power", header, rows) + "\n" + note


def _picked(study: Study, pair: SearchedPair) -> tuple[str, float] | None:
    """Word and latency of the most accurate network of the HW-NAS search within the requirement of iNAS."""
    model = plain_model(study.space, deployed_target(pair.asked))
    costs = model.costs([study.space.genome(word) for word in pair.blind.asked])
    within = [
        (word, cost.latency_s)
        for word, cost in zip(pair.blind.asked, costs, strict=True)
        if cost.latency_s <= pair.asked.requirement and not math.isnan(study.percent(word))
    ]
    return max(within, key=lambda entry: study.percent(entry[0]), default=None)


def _reductions(study: Study) -> str:
    kinds: tuple[tuple[str, Callable[[Rivals], float]], ...] = (
        ("iNAS", lambda run: run.inas.latency_s),
        ("HW-NAS architecture, designs chosen anew", lambda run: run.blind_anew_s),
        ("iNAS architecture, designs for continuous power", lambda run: run.inas_blind.latency_s),
    )
    rows, notes = [], []
    for margin in (AS_SEARCHED, ALL_ENERGY):
        runs = [pair.runs(margin) for pair in study.complete]
        safe = [run for run in runs if run.blind.safe]
        for name, latency in kinds:
            share = mean_reduction([latency(run) for run in safe], [run.blind.latency_s for run in safe])
            both = sum(math.isfinite(latency(run)) for run in safe)
            rows.append((f"{margin:g}", f"{len(runs) - len(safe)} of {len(runs)}", name, str(both), _percent(share)))
        by_design = math.fsum(math.log(run.blind.latency_s / run.blind_anew_s) for run in safe)
        in_all = math.fsum(math.log(run.blind.latency_s / run.inas.latency_s) for run in safe)
        if in_all:
            notes.append(f"{100.0 * by_design / in_all:.0f} % at factor {margin:g}")
    met = [pair for pair in study.complete if pair.runs(AS_SEARCHED).blind_anew_s <= pair.asked.requirement]
    ahead = [study.percent(p.inas.returned) - study.percent(p.blind.returned) for p in study.complete]
    text = (
        f"Share of the gain (in logarithms, where factors add) that designs alone give: {', '.join(notes) or '-'}.\n"
        f"HW-NAS networks with designs chosen anew meet the requirement of iNAS in {len(met)} of {len(study.complete)} "
        f"pairs. iNAS networks\nare {_mean(ahead, '+')} points of accuracy ahead of those of HW-NAS in the mean.\n"
    )
    header = ("energy factor", "HW-NAS unsafe", "what replaces it", "pairs", "mean reduction %")
    return _table("Latency reduction over HW-NAS as deployed, where that completes", header, rows) + "\n" + text


def _overhead(study: Study) -> str:
    rows = []
    for name, seconds in (
        ("every network explored anew", lambda search: search.direct_s),
        ("tables", lambda search: search.tables_s),
    ):
        for epochs in dict.fromkeys((study.epochs, PUBLISHED_EPOCHS)):
            scale, extra, whole, share = epochs / study.epochs, [], [], []
            for pair in study.pairs:
                of_inas, of_blind = (
                    scale * study.training_s(search) + search.controller_s + seconds(search)
                    for search in (pair.inas, pair.blind)
                )
                extra.append(100.0 * (seconds(pair.inas) - seconds(pair.blind)) / of_blind)
                whole.append(100.0 * (of_inas - of_blind) / of_blind)
                share.append(100.0 * seconds(pair.inas) / of_inas)
            label = f"{epochs}" if epochs == study.epochs else f"{epochs} (training seconds scaled)"
            rows.append((name, label, *(f"{statistics.mean(v):.3f}" for v in (extra, share)), f"{max(extra):.3f}",
                         f"{statistics.mean(whole):+.1f}"))  # fmt: skip
    header = ("pricing", "epochs", "extra pricing %", "pricing in iNAS %", "most extra %", "whole search %")
    note = (
        "Percent of the seconds of the HW-NAS search of the pair (`pricing in iNAS`: of its own). `whole search` also\n"
        "has what the two happened to train: a network that misses its requirement is not trained.\n"
    )
    return _table("Search overhead of iNAS", header, rows) + "\n" + note


def _everything(space: PlainSpace) -> str:
    """Every architecture with both kinds of designs: what is true of the space without any search."""
    genomes = np.concatenate(list(every_genome(space)))
    codes = PlainLayers.of(space, genomes).codes
    different, places = np.unique(codes, return_inverse=True)
    layers = [layer_of(space, code) for code in different.tolist()]
    places = places.reshape(codes.shape)
    rows = []
    for deployed in (d for d in deployed_networks() if d.space == SPACE and d.capacitance and d.percentile == 25):
        target = deployed_target(deployed)
        platform, settings = target_platform(target), target_settings(target)
        designs = explore_continuous(layers, platform)
        costs = [evaluate_design(a, best.design, platform, settings) for a, best in zip(layers, designs, strict=True)]
        blind = np.array([cost.latency_s if cost.verdict == OK else math.inf for cost in costs])[places].sum(axis=1)
        anew = plain_model(space, target).rows(genomes).latency_s
        safe = np.isfinite(blind) & np.isfinite(anew)
        gains = 1.0 - anew[safe] / blind[safe]
        least = tuple(int(option) for option in genomes[anew.argmin()])
        rows.append(
            (
                _capacitor(deployed),
                f"{100.0 * np.mean(~np.isfinite(blind)):.1f}",
                f"{100.0 * np.mean(~np.isfinite(anew)):.1f}",
                _percent(float(gains.mean())) if safe.any() else "-",
                f"{100.0 * np.percentile(gains, 5):.1f} to {100.0 * np.percentile(gains, 95):.1f}"
                if safe.any()
                else "-",
                f"{anew.min():.2f} (`{_short(space.word(least))}`)",
            )
        )
    header = ("C", "unsafe with continuous designs %", "no design at all %", "mean reduction %", "5 to 95 % of them",
              "least latency s")  # fmt: skip
    title = f"All {len(genomes):,} architectures: what choosing the designs anew gives, without any search"
    return _table(title, header, rows)


def _anew(latency_s: float, requirement_s: float) -> str:
    if not math.isfinite(latency_s):
        return "none fits"
    return f"{latency_s:.2f}" + (" (meets)" if latency_s <= requirement_s else "")


def _short(word: str) -> str:
    return word.rpartition(":")[2]


def _capacitor(network: DeployedNetwork) -> str:
    return "continuous power" if network.capacitance is None else format_quantity(network.capacitance, "F")


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100.0 * share:.1f}"


def _mean(values: Iterable[float], sign: str = "") -> str:
    known = [value for value in values if not math.isnan(value)]
    return f"{statistics.mean(known):{sign}.2f}" if known else "-"


def _table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"## {title}", "", "| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows), ""])
