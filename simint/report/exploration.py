"""An exploration as a table for people and as plain data for JSON."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import msgspec

from simint.tiling.consistent.explorer import NetworkPlan
from simint.tiling.design import ExecutionDesign
from simint.tiling.search.explorer import LayerDesign, NetworkDesigns
from simint.units import format_duration, format_quantity

WIDTH_WITHOUT_TERMINAL = 120  # columns, where the output goes to a file or a pipe


@dataclass(frozen=True, slots=True)
class ExplorationText:
    """Column names, a row of cells per layer, a row of totals, and sentences that sum up."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    totals: tuple[str, ...]
    summary: tuple[str, ...]


def print_exploration(title: str, conditions: str, text: ExplorationText) -> None:
    """Print an exploration as a table to standard output."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for place, column in enumerate(text.columns):
        table.add_column(column, justify="left" if place == 0 else "right", no_wrap=True)
    for row in text.rows:
        table.add_row(*row)
    table.add_section()
    table.add_row(*text.totals, style="bold")
    console = Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL, highlight=False, markup=False)
    console.print(title, style="bold", soft_wrap=True)
    console.print(conditions, soft_wrap=True)
    console.print(table)
    for sentence in text.summary:
        console.print(sentence, soft_wrap=True)


def published_text(found: NetworkDesigns) -> ExplorationText:
    """The published exploration of a feasible network."""
    return ExplorationText(
        columns=("layer", *_DESIGN_COLUMNS, "VM B", "cycles", "latency", "recharge", "active", "IMO %"),
        rows=tuple(
            (
                layer.layer,
                *_design_cells(layer.design),
                str(layer.vm_bytes),
                f"{layer.power_cycles:g}",
                format_duration(layer.latency_s),
                format_duration(layer.recharge_s),
                format_duration(layer.latency_s - layer.recharge_s),
                f"{layer_imo_percent(layer):.1f}",
            )
            for layer in found.layers
        ),
        totals=(
            "total",
            *[""] * (len(_DESIGN_COLUMNS) + 1),
            f"{found.power_cycles:g}",
            format_duration(found.latency_s),
            format_duration(found.recharge_s),
            format_duration(found.active_s),
            f"{found.imo_percent:.1f}",
        ),
        summary=(
            f"latency {found.latency_s:.6g} s, of it recharging {found.recharge_s:.6g} s and active "
            f"{found.active_s:.6g} s; with power that never fails {found.continuous_s:.6g} s",
            f"IMO {found.imo_percent:.4g} % of the active time ({found.active_s - found.continuous_s:.4g} s); "
            f"active energy {format_quantity(found.active_j, 'J')}",
        ),
    )


def published_data(found: NetworkDesigns) -> dict[str, Any]:
    """The same numbers for JSON: energies in J, times in s, sizes in bytes."""
    return {
        "totals": {
            "latency_s": found.latency_s,
            "recharge_s": found.recharge_s,
            "active_s": found.active_s,
            "active_j": found.active_j,
            "continuous_s": found.continuous_s,
            "imo_percent": found.imo_percent,
            "power_cycles": found.power_cycles,
            "nvm_feature_bytes": found.nvm_feature_bytes,
            "nvm_weight_bytes": found.nvm_weight_bytes,
        },
        "layers": [
            {
                "layer": layer.layer,
                "design": msgspec.to_builtins(layer.design),
                "vm_bytes": layer.vm_bytes,
                "power_cycles": layer.power_cycles,
                "cycle_j": layer.cycle_j,
                "latency_s": layer.latency_s,
                "recharge_s": layer.recharge_s,
                "active_s": layer.latency_s - layer.recharge_s,
                "active_j": layer.active_j,
                "continuous_s": layer.continuous_s,
                "imo_percent": layer_imo_percent(layer),
                "legal_designs": layer.legal,
                "feasible_designs": layer.feasible,
            }
            for layer in found.layers
        ],
    }


def layer_imo_percent(layer: LayerDesign) -> float:
    """IMO of one layer: share of its active time beyond its continuous latency (specification 12.2)."""
    active_s = layer.latency_s - layer.recharge_s
    return 100.0 * (active_s - layer.continuous_s) / active_s


def plan_text(plan: NetworkPlan) -> ExplorationText:
    """The exploration in consistent mode."""
    return ExplorationText(
        columns=("layer", *_DESIGN_COLUMNS, "VM B", "batches", "budget %", "energy", "time", "overhead"),
        rows=tuple(
            (
                layer.layer,
                *_design_cells(layer.design),
                str(layer.vm_bytes),
                str(layer.batches),
                f"{100.0 * layer.cold_batch_j / plan.budget_j:.1f}",
                format_quantity(layer.energy_j, "J"),
                format_duration(layer.continuous_s),
                format_duration(layer.overhead_s),
            )
            for layer in plan.layers
        ),
        totals=(
            "total",
            *[""] * len(_DESIGN_COLUMNS),
            str(max(layer.vm_bytes for layer in plan.layers)),
            str(sum(layer.batches for layer in plan.layers)),
            f"{100.0 * max(layer.cold_batch_j for layer in plan.layers) / plan.budget_j:.1f}",
            format_quantity(plan.energy_j, "J"),
            format_duration(plan.continuous_s),
            format_duration(plan.overhead_s),
        ),
        summary=(
            f"without power failures: {format_quantity(plan.energy_j, 'J')} and {plan.continuous_s:.6g} s an inference "
            f"and {plan.overhead_s:.4g} s ({plan.overhead_percent:.3g} % of the active time) to preserve progress",
            "VM and budget of the total are those of the most demanding layer; boots and recharging need a replay",
        ),
    )


def plan_data(plan: NetworkPlan) -> dict[str, Any]:
    """The same numbers for JSON: energies in J, times in s, sizes in bytes."""
    return {
        "budget_j": plan.budget_j,
        "totals": {
            "energy_j": plan.energy_j,
            "continuous_j": plan.continuous_j,
            "continuous_s": plan.continuous_s,
            "overhead_s": plan.overhead_s,
            "overhead_percent": plan.overhead_percent,
            "batches": sum(layer.batches for layer in plan.layers),
            "cold_batch_j": max(layer.cold_batch_j for layer in plan.layers),
            "vm_bytes": max(layer.vm_bytes for layer in plan.layers),
        },
        "layers": [msgspec.to_builtins(layer) for layer in plan.layers],
    }


_DESIGN_COLUMNS = ("Tr", "Tc", "Tm", "Tn", "order", "S")


def _design_cells(design: ExecutionDesign | None) -> tuple[str, ...]:
    if design is None:
        return ("",) * len(_DESIGN_COLUMNS)
    return str(design.tr), str(design.tc), str(design.tm), str(design.tn), str(design.order.value), str(design.s)
