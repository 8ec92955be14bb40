"""What TiNAS decided, recomputed over whole search spaces beside the published values, as tables in Markdown.

Run `python docs/nas/published_decisions.py`. Source of the published values: H. R. Mendis, C.-H. Yen, C.-K. Kang,
P.-C. Hsiu, "Intermittent-Friendly Neural Architecture Search: Demystifying Accuracy and Overhead Tradeoffs", IEEE TCAD
44(10):3990-4003, 2025, and its artefact; all costs by its cost model, 5 mF capacitor.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np

from nas.hardware.model import hardware_model
from nas.methods.tinas.published import SOLUTIONS, Asked, Solution, asked_of
from nas.methods.tinas.reduction import LOW_SHARE, at_setting, low_sensitivity, reduction_for
from nas.methods.tinas.scores import score_of
from nas.methods.tinas.settings import variant
from nas.methods.tinas.stage_one import LEAST_SHARE, SAMPLES, SettingRow, StageOne, chance_to_pass, stage_one
from nas.problem.evaluation import Evaluation, Measures
from nas.space.columns import IMO, LATENCY
from nas.space.percentiles import percentiles
from nas.space.population import Constraints, population_statistics
from nas.space.search_space import load_mbconv_space
from nas.space.sensitivity import (
    FRESH_BLOCKS,
    SAME_BLOCKS,
    Parameter,
    block_sensitivity,
    network_sensitivity,
    sampled_network_study,
    silhouettes,
)
from nas.space.table import SpaceTable, build_table
from simint.cli import guarded
from simint.errors import InputError
from simint.network.catalogue import network_presets

SPACES = ("cifar10", "har")


def main() -> int:
    """Print all tables."""
    print(_decisions())
    print(_noise())
    print(_scores())
    print(_percentiles())
    print(_block_sensitivity())
    print(_network_sensitivity())
    return 0


def _decisions() -> str:
    """Stage 1 of every published search."""
    rows, agreed = [], 0
    for solution in SOLUTIONS:
        decision = _decision(solution)
        agreed += decision.winner == solution.setting
        first, second = [*sorted(_passing(decision), key=lambda row: -row.flops), None, None][:2]
        settings = 1 if first is None else sum(row.passes for row in decision.rows)
        rows.append(
            (
                f"{solution.space}, {solution.variant}, L{solution.latency_percentile}",
                _setting(solution.setting),
                _row(first) if first else "none passes",
                _row(second) if second else "-",
                f"{settings if first else 0} of {len(decision.rows)}",
            )
        )
    header = ("search", "published (w, r)", "exact: share, mean MFLOP", "next", "pass")
    return _table(f"Stage 1: {agreed} of {len(SOLUTIONS)} published decisions", header, rows)


def _noise() -> str:
    """The decision that differs: what a sample of a thousand networks may show."""
    solution = next(entry for entry in SOLUTIONS if _decision(entry).winner != entry.setting)
    networks = _space_table(solution.space).space.networks // len(_space_table(solution.space).space.settings)
    rows = [
        (
            _setting(row.setting) + (" published" if row.setting == solution.setting else ""),
            f"{100 * row.share:.2f}",
            f"{row.flops / 1e6:.4f}",
            f"{100 * chance_to_pass(row.share, networks):.1f}",
        )
        for row in sorted(_decision(solution).rows, key=lambda row: -row.share)
        if row.share > 0.05
    ]
    title = (
        f"The decision that differs, {solution.preset}: no share reaches {100 * LEAST_SHARE:g} %, but one of "
        f"{SAMPLES} sampled networks may"
    )
    return _table(title, ("(w, r)", "feasible %", "mean MFLOP", f"passes with {SAMPLES} samples, %"), rows)


def _scores() -> str:
    """Scores of the published networks from their published supernet accuracies and our costs."""
    words = {preset.name: preset.word for preset in network_presets()}
    rows = []
    for solution in SOLUTIONS:
        space = at_setting(load_mbconv_space(solution.space), solution.setting)
        genome = space.genome(words[solution.preset])
        costs = hardware_model(space).costs([genome])[0]
        kind = variant(solution.variant).score
        entry = Evaluation(genome, costs, Measures(solution.accuracy_percent))
        found = score_of(kind, entry, _asked(solution).latency_s)
        rows.append(
            (
                solution.preset,
                kind.value,
                f"{solution.accuracy_percent:.2f}",
                f"{costs.imo_percent:.2f}",
                f"{costs.latency_s:.2f}",
                f"{solution.score:.6f}",
                f"{found:.6f}",
                f"{abs(found / solution.score - 1):.0e}",
            )
        )
    header = ("network", "score", "accuracy %", "IMO %", "latency s", "published", "ours", "relative error")
    return _table("Scores of the search", header, rows)


def _percentiles() -> str:
    """Requirements as percentiles of the whole population."""
    rows = []
    for space in SPACES:
        table = _space_table(space)
        pairs = [_asked_at(space, percentile) for percentile in (25, 75)]
        wanted = [(LATENCY, "latency s", float(a.latency_percentile), a.latency_s) for a in pairs]
        wanted += [(IMO, "IMO %", a.imo_percentile, a.imo_percent) for a in pairs]
        for metric, name, percent, published in dict.fromkeys(wanted):
            exact = float(percentiles(table, metric, [percent])[0])
            rows.append(
                (
                    space,
                    f"{name}, percentile {percent:g}",
                    f"{published:.3f}",
                    f"{exact:.3f}",
                    f"{100 * (published / exact - 1):+.2f}",
                    f"{table.space.networks:,}",
                )
            )
    header = ("space", "requirement", "published (samples)", "exact", "published off by %", "networks")
    return _table("Requirements", header, rows)


# Recomputed before by an implementation of its own (specification of the methods, C.3), to the printed digits.
_RANGES = {
    ("cifar10", Parameter.KERNELS): (21.6, "0.89 0.09 0.01 0.00"),
    ("cifar10", Parameter.EXPANSIONS): (18.8, "0.74 0.11 0.03 0.08"),
    ("cifar10", Parameter.REPEATS): (9.2, "0.42 0.32 0.05 0.17"),
    ("cifar10", Parameter.SHORTCUTS): (0.5, "-"),
    ("har", Parameter.KERNELS): (8.0, "0.66 0.25 0.09"),
    ("har", Parameter.EXPANSIONS): (7.4, "0.47 0.21 0.27"),
    ("har", Parameter.REPEATS): (9.9, "0.28 0.55 0.13"),
    ("har", Parameter.SHORTCUTS): (0.7, "-"),
}
_SILHOUETTES = {"cifar10": "0.20 -0.10 -0.04 -0.02", "har": "-0.07 -0.13 -0.10"}
_NETWORK_RANGES = {"cifar10": (6.7, 2.0), "har": (1.7, 4.9)}


def _block_sensitivity() -> str:
    """Ranges of IMO, shares of its variance by block, and silhouettes."""
    rows = []
    for (space, parameter), (reference, shares) in _RANGES.items():
        found = block_sensitivity(load_mbconv_space(space), parameter)
        ours = f"{found.range_points:.1f} ({found.low:.1f}-{found.high:.1f})"
        our_shares = " ".join(f"{share:.2f}" for share in found.block_shares)
        rows.append((space, parameter.value, f"{reference:.1f}", ours, shares, our_shares))
    for space, reference_text in _SILHOUETTES.items():
        values = " ".join(f"{value:.2f}" for value in silhouettes(load_mbconv_space(space)))
        rows.append((space, "silhouette by kernel", "-", "-", reference_text, values))
    header = ("space", "parameter", "reference points", "ours", "reference by block", "ours")
    return _table(
        "Sensitivity of IMO to block-level parameters: range, and share of its variance by block", header, rows
    )


def _network_sensitivity() -> str:
    """Both network-level studies, exactly and with as many samples as published; what G1 makes of it."""
    rows = []
    for space, reference in _NETWORK_RANGES.items():
        table = _space_table(space)
        exact = [
            network_sensitivity(population_statistics(table, Constraints(storage=storage))) for storage in (False, True)
        ]
        for place, name in enumerate(("widths", "resolutions")):
            samples = [_spread(table, place, fresh=fresh) for fresh in (False, True)]
            rows.append((space, name, f"{reference[place]:.1f}", *(f"{study[place]:.2f}" for study in exact), *samples))
    header = (
        "space",
        "parameter",
        "reference points",
        "(a) exact, no NVM limit",
        "(b) exact, NVM limit",
        f"(a) {SAME_BLOCKS} samples",
        f"(b) {FRESH_BLOCKS} samples",
    )
    text = _table(
        "Sensitivity of IMO to network-level parameters; samples: 5th to 95th percentile of 200 studies", header, rows
    )
    return "\n".join([text, *(_low(space) for space in SPACES), ""])


def _low(space: str) -> str:
    """The parameters whose range is small, which are those that guideline G1 reduces."""
    ranges = {p.value: block_sensitivity(load_mbconv_space(space), p).range_points for p in Parameter}
    widths, resolutions = network_sensitivity(population_statistics(_space_table(space)))
    low = low_sensitivity(ranges | {"widths": widths, "resolutions": resolutions})
    return f"Below {LOW_SHARE:g} of the largest range in {space}: {', '.join(low)}."


def _spread(table: SpaceTable, place: int, *, fresh: bool) -> str:
    """How far the published number of samples leaves a range open."""
    generator = np.random.default_rng(2025)
    found = [sampled_network_study(table, generator, fresh=fresh).range_points[place] for _ in range(200)]
    low, high = np.percentile(found, [5, 95])
    return f"{low:.1f} to {high:.1f}"


@cache
def _space_table(space: str) -> SpaceTable:
    return build_table(load_mbconv_space(space))


@cache
def _decision(solution: Solution) -> StageOne:
    table, chosen, asked = _space_table(solution.space), variant(solution.variant), _asked(solution)
    limits = Constraints(asked.latency_s, asked.imo_percent if chosen.limits_imo else math.inf)
    return stage_one(table, limits, reduction_for(table.space) if chosen.reduced else None)


def _passing(decision: StageOne) -> list[SettingRow]:
    return [row for row in decision.rows if row.passes]


def _asked(solution: Solution) -> Asked:
    return _asked_at(solution.space, solution.latency_percentile)


def _asked_at(space: str, percentile: int) -> Asked:
    asked = asked_of(space, percentile)
    if asked is None:
        raise InputError(f"no published requirement for {space}, percentile {percentile}")
    return asked


def _setting(setting: tuple[float, int]) -> str:
    return f"({setting[0]:g}, {setting[1]})"


def _row(row: SettingRow) -> str:
    return f"{_setting(row.setting)}: {100 * row.share:.1f} %, {row.flops / 1e6:.3f}"


def _table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join([f"## {title}", "", *("| " + " | ".join(line) + " |" for line in lines), ""])


if __name__ == "__main__":
    sys.exit(guarded(main))
