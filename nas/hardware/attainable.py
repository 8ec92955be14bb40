"""The best that any network of a space attains, exactly: the answer to a requirement that nobody can meet."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import msgspec

from nas.hardware.model import AnyModel
from nas.hardware.plain_model import PlainModel
from nas.hardware.plain_population import feasible_genomes, genome_of
from nas.hardware.table_model import TableModel
from nas.problem.evaluation import HardwareCosts
from nas.problem.objectives import Requirements
from nas.space.columns import IMO, LATENCY
from nas.space.genome import Genome
from nas.space.population import Constraints
from nas.space.ranking import top_networks
from simint.errors import InputError
from simint.hardware.platform import Memory


@dataclass(frozen=True, slots=True)
class Attained:
    """A network and its costs."""

    genome: Genome
    costs: HardwareCosts


def least(model: AnyModel, metric: int, requirements: Requirements | None = None) -> Attained | None:
    """The network of least LATENCY or IMO (`nas.space.columns`) among those that meet requirements; None without any.

    All networks of the space take part. Raises InputError for a plain space too large for that.
    """
    limits = requirements or Requirements()
    if math.isfinite(limits.energy_j):
        raise InputError("the least of a space is not known under a limit of energy")
    genome = _least_plain(model, metric, limits) if isinstance(model, PlainModel) else _least(model, metric, limits)
    return None if genome is None else Attained(genome, model.costs([genome])[0])


def unmet(model: AnyModel, requirements: Requirements) -> str:
    """One line for people if no network of the space meets the requirements, with the best attainable; else empty."""
    if least(model, LATENCY, requirements) is not None:
        return ""
    space = model.space
    asked = [text for text in (_latency(requirements), _imo(requirements), *_memory(requirements)) if text]
    line = f"no network of search space {space.name!r} meets {' and '.join(asked) or 'VM, energy budget and NVM'}"
    if math.isfinite(requirements.latency_s):
        line += "; " + _best(model, LATENCY, replace(requirements, latency_s=math.inf))
    if math.isfinite(requirements.imo_percent):
        line += "; " + _best(model, IMO, replace(requirements, imo_percent=math.inf))
    if math.isfinite(requirements.nvm_bytes) and (enough := _enough_nvm(model, requirements)) is not None:
        others = [text for text in (_latency(requirements), _imo(requirements)) if text]
        line += f"; least NVM{' with ' if others else ''}{' and '.join(others)} {enough} bytes"
    return line


def _enough_nvm(model: AnyModel, requirements: Requirements) -> int | None:
    """The least NVM in bytes with which some network meets everything else, by bisection; None if none does."""
    unlimited = replace(requirements, nvm_bytes=math.inf)
    found = least(model, LATENCY, unlimited)
    if found is None:
        return None
    # More memory never excludes a network.
    low, high = 0, math.ceil(found.costs.weight_bytes + found.costs.feature_bytes)
    while high - low > 1:
        middle = (low + high) // 2
        if least(model, LATENCY, replace(requirements, nvm_bytes=middle)) is None:
            low = middle
        else:
            high = middle
    return high


def _best(model: AnyModel, metric: int, others: Requirements) -> str:
    """The best value of a metric with the other limits, and without them where nothing meets those."""
    name, unit = ("latency", "s") if metric == LATENCY else ("IMO", "%")
    other = _imo(others) if metric == LATENCY else _latency(others)
    found = least(model, metric, others)
    condition = f" with {other}" if other else ""
    if found is None and other:
        found, condition = least(model, metric, replace(others, latency_s=math.inf, imo_percent=math.inf)), ""
    if found is None:
        return f"no network can be built at all within {' and '.join(_memory(others)) or 'VM, energy budget and NVM'}"
    value = found.costs.latency_s if metric == LATENCY else found.costs.imo_percent
    # Rounded up, so that asking for the printed number succeeds.
    return f"least {name}{condition} {math.ceil(value * 1e4) / 1e4:.4f} {unit} ({model.space.word(found.genome)})"


def _least(model: TableModel, metric: int, limits: Requirements) -> Genome | None:
    table = model.table
    memory = _limited(table.platform.memory, limits)
    held = replace(table, platform=msgspec.structs.replace(table.platform, memory=memory))
    found = top_networks(held, metric, 1, constraints=Constraints(limits.latency_s, limits.imo_percent))
    return table.space.genomes(found.settings, found.choices)[0] if len(found.settings) else None


def _least_plain(model: PlainModel, metric: int, limits: Requirements) -> Genome | None:
    genomes, costs = feasible_genomes(model, Constraints(limits.latency_s, limits.imo_percent))
    fits = (costs.weight_bytes <= limits.weight_bytes) & (costs.feature_bytes <= limits.feature_bytes)
    fits &= costs.weight_bytes + costs.feature_bytes <= limits.nvm_bytes
    return genome_of(genomes[fits][costs.column(metric)[fits].argmin()]) if fits.any() else None


def _limited(memory: Memory, limits: Requirements) -> Memory:
    """The memory, no larger than the requirements allow."""
    whole = [min(value, 2.0**53) for value in (limits.feature_bytes, limits.weight_bytes, limits.nvm_bytes)]
    features, weights, total = (max(1, math.floor(value)) for value in whole)
    return msgspec.structs.replace(
        memory,
        nvm_feature_bytes=min(memory.nvm_feature_bytes, features),
        nvm_weight_bytes=min(memory.nvm_weight_bytes, weights),
        nvm_bytes=min(memory.nvm_bytes, total),
    )


def _latency(limits: Requirements) -> str:
    return f"latency <= {limits.latency_s:g} s" if math.isfinite(limits.latency_s) else ""


def _imo(limits: Requirements) -> str:
    return f"IMO <= {limits.imo_percent:g} %" if math.isfinite(limits.imo_percent) else ""


def _memory(limits: Requirements) -> list[str]:
    pairs = (("weights", limits.weight_bytes), ("features", limits.feature_bytes), ("NVM", limits.nvm_bytes))
    return [f"{name} <= {value:g} bytes" for name, value in pairs if math.isfinite(value)]
