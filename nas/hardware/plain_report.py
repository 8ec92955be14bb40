"""The statistics of a plain space: every network is priced, there are no network-level choices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nas.hardware.plain_model import PlainModel
from nas.hardware.plain_population import feasible_genomes, genome_of
from nas.space.columns import IMO, LATENCY, MACS, Costs, Ints, metric_code
from nas.space.pareto import front_of
from nas.space.population import Constraints
from nas.space.report import JSON_FORMAT, LARGEST_FIRST, Percentile, RankedNetwork, SpaceReport, ranked
from simint.errors import InputError


def plain_report(
    model: PlainModel, percents: Sequence[float], constraints: Constraints, top: int, by: str
) -> SpaceReport:
    """As `nas.space.report.space_report`; percentiles are over all networks that can be built."""
    _, everything = feasible_genomes(model, Constraints())
    if not len(everything.latency_s):
        raise InputError(f"search space {model.space.name!r}: no network can be built within VM, energy budget and NVM")
    latency, imo = (np.percentile(everything.column(code), percents).tolist() for code in (LATENCY, IMO))
    return SpaceReport(
        JSON_FORMAT,
        model.space.name,
        model.space.networks,
        len(model.known),
        constraints,
        tuple(map(Percentile, percents, latency, imo)),
        (),
        None,
        by,
        _top(model, constraints, top, by) if top else (),
        (),
    )


def plain_front(model: PlainModel, constraints: Constraints) -> tuple[RankedNetwork, ...]:
    """The exact Pareto front over (latency, IMO, -MACs), sorted by latency."""
    genomes, costs = feasible_genomes(model, constraints)
    front = front_of(np.column_stack([costs.column(code) for code in (LATENCY, IMO, MACS)]))
    return _ranked(model, genomes[front], Costs(costs.rows[front]))


def _top(model: PlainModel, constraints: Constraints, count: int, by: str) -> tuple[RankedNetwork, ...]:
    genomes, costs = feasible_genomes(model, constraints)
    values = costs.column(metric_code(by))
    order = np.argsort(-values if by in LARGEST_FIRST else values, kind="stable")[:count]
    return _ranked(model, genomes[order], Costs(costs.rows[order]))


def _ranked(model: PlainModel, genomes: Ints, costs: Costs) -> tuple[RankedNetwork, ...]:
    return ranked([model.space.word(genome_of(row)) for row in genomes], costs)
