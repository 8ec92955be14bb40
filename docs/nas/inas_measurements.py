"""The measurements of iNAS recomputed from its published networks, as tables in Markdown.

Run `python docs/nas/inas_measurements.py`. Sources: H. R. Mendis, C.-K. Kang, P.-C. Hsiu, "Intermittent-Aware Neural
Architecture Search", ACM TECS 20(5s), article 64, 2021, doi:10.1145/3476995, and the networks and requirements of its
artefact; all costs by its cost model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from nas.hardware.baseline import Pair, mean_reduction, published_pairs
from nas.hardware.child_percentiles import child_requirement
from nas.hardware.deployed import DeployedNetwork, deployed_networks, deployed_target
from nas.hardware.designs import chosen_designs, reoptimised, run_designs
from nas.hardware.plain_model import plain_model
from nas.hardware.plain_population import all_latencies
from nas.space import PlainSpace, load_space
from nas.space.layer_prices import Power
from simint.network.catalogue import load_network
from simint.units import format_quantity

AS_SEARCHED, ALL_ENERGY = 0.55, 1.0  # share of the stored energy that a power cycle may use


def main() -> int:
    """Print all tables."""
    networks = deployed_networks()
    print(_requirements(networks))
    print(_networks(networks))
    by_margin = {margin: published_pairs(margin) for margin in (ALL_ENERGY, AS_SEARCHED)}
    print(_verdicts(by_margin))
    print(_reductions(by_margin))
    return 0


def _requirements(networks: Sequence[DeployedNetwork]) -> str:
    """Published requirements beside the exact percentiles of all networks of the space."""
    rows = []
    for first in networks:
        if first.percentile != 25:
            continue
        space, three = _plain(first.space), [n for n in networks if _searched(n) == _searched(first)]
        power = Power.INTERMITTENT if first.capacitance else Power.CONTINUOUS
        latencies = all_latencies(plain_model(space, deployed_target(first), power))
        published = ", ".join(f"{network.requirement:g}" for network in three)
        exact = ", ".join(f"{child_requirement(latencies, network.percentile):.3f}" for network in three)
        shares = ", ".join(f"{100.0 * (latencies <= network.requirement).mean():.2f}" for network in three)
        rows.append((*_searched(first), f"{len(latencies):,}", published, exact, shares))
    header = ("space", "power", "networks", "published s", "exact percentile s", "% within the published value")
    return _table("Requirements: 25th, 50th and 75th percentile of latency", header, rows)


def _networks(networks: Sequence[DeployedNetwork]) -> str:
    """The deployed networks, their designs found again."""
    rows = []
    for deployed in networks:
        network, target = load_network(deployed.name), deployed_target(deployed)
        if deployed.capacitance is None:
            model = plain_model(_plain(deployed.space), target, Power.CONTINUOUS)
            found = model.costs([model.space.genome(_word(network.notes))])[0]
            latency, cycles, share, batches = found.latency_s, "-", "-", "1"
        else:
            designs = chosen_designs(reoptimised(network, target))
            run = run_designs(network, designs, target)
            latency, cycles, share = run.latency_s, f"{run.power_cycles:.0f}", f"{100.0 * run.largest_cycle_share:.0f}"
            same = tuple(design.s for design in designs) == deployed.batches
            batches = ",".join(str(design.s) for design in designs) + (" (as published)" if same else "")
        met = "yes" if latency <= deployed.requirement else "no"
        rows.append((deployed.name, f"{deployed.requirement:g}", f"{latency:.2f}", met, cycles, share, batches))
    header = ("network", "required s", "latency s", "met", "power cycles", "% of a charge", "S per layer")
    return _table("Deployed networks", header, rows)


def _verdicts(by_margin: dict[float, tuple[Pair, ...]]) -> str:
    """HW-NAS under intermittent power with its own designs."""
    rows = []
    for full, part in zip(by_margin[ALL_ENERGY], by_margin[AS_SEARCHED], strict=True):
        rows.append(
            (
                full.baseline.name,
                _capacitor(full.network),
                f"{100.0 * full.blind.largest_cycle_share:.0f}",
                *(_latency(pair.blind.latency_s, pair.blind.unsafe_layer) for pair in (full, part)),
                *(_latency(pair.inas.latency_s, pair.inas.unsafe_layer) for pair in (full, part)),
                _latency(part.blind_anew_s, "-") + (" (meets)" if part.meets_anew else ""),
            )
        )
    header = (
        "HW-NAS",
        "C",
        "% of a charge",
        "L at 1.0",
        "L at 0.55",
        "iNAS at 1.0",
        "iNAS at 0.55",
        "designs anew, 0.55",
    )
    return _table("27 pairs: latency in seconds, or the layer that one charge cannot pay for", header, rows)


def _reductions(by_margin: dict[float, tuple[Pair, ...]]) -> str:
    """Mean latency reduction over HW-NAS as deployed, and what part of it needs no other architecture."""
    kinds: tuple[tuple[str, Callable[[Pair], float]], ...] = (
        ("iNAS as deployed", lambda pair: pair.inas.latency_s),
        ("iNAS, designs chosen anew", lambda pair: pair.inas_anew_s),
        ("HW-NAS architecture, designs chosen anew", lambda pair: pair.blind_anew_s),
        ("iNAS architecture, designs for continuous power", lambda pair: pair.inas_blind.latency_s),
    )
    rows = []
    for margin, pairs in by_margin.items():
        safe = [pair for pair in pairs if pair.blind.safe]
        unsafe = f"{len(pairs) - len(safe)} of {len(pairs)}"
        for name, latency in kinds:
            groups = [safe, *([p for p in safe if p.network.space == space] for space in _spaces(pairs))]
            shares = [_reduction(group, latency) for group in groups]
            rows.append((f"{margin:g}", unsafe, name, f"{sum(math.isfinite(latency(p)) for p in safe)}", *shares))
    header = (
        "energy factor",
        "HW-NAS unsafe",
        "what replaces it",
        "pairs",
        "mean reduction %",
        *_spaces(by_margin[1.0]),
    )
    anew = by_margin[AS_SEARCHED]
    feasible, meeting = sum(math.isfinite(pair.blind_anew_s) for pair in anew), sum(pair.meets_anew for pair in anew)
    note = (
        f"\nAt factor {AS_SEARCHED:g} designs chosen anew make {feasible} of {len(anew)} HW-NAS cases feasible, and "
        f"{meeting} of those meet the requirement of iNAS.\n"
    )
    return _table("Mean latency reduction over HW-NAS, where that completes", header, rows) + note


def _reduction(pairs: Sequence[Pair], latency: Callable[[Pair], float]) -> str:
    mean = mean_reduction([latency(p) for p in pairs], [p.blind.latency_s for p in pairs])
    return "-" if math.isnan(mean) else f"{100.0 * mean:.1f}"


def _spaces(pairs: Iterable[Pair]) -> list[str]:
    return list(dict.fromkeys(pair.network.space for pair in pairs))


def _plain(name: str) -> PlainSpace:
    space = load_space(name)
    assert isinstance(space, PlainSpace)
    return space


def _searched(network: DeployedNetwork) -> tuple[str, str]:
    return network.space, _capacitor(network)


def _capacitor(network: DeployedNetwork) -> str:
    return "continuous" if network.capacitance is None else format_quantity(network.capacitance, "F")


def _word(notes: str) -> str:
    """The word of a preset, which its network carries in front of the source."""
    return notes.partition(";")[0]


def _latency(latency_s: float, otherwise: str) -> str:
    return f"{latency_s:.2f}" if math.isfinite(latency_s) else otherwise


def _table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"## {title}", "", "| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows), ""])


if __name__ == "__main__":
    raise SystemExit(main())
