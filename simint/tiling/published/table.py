"""The published model over a table of designs: one compiled pass, the columns of the golden tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simint.compiled import compiled
from simint.hardware.platform import Variant
from simint.hardware.presets import load_platform
from simint.tiling.geometry import DesignCodes, LayerGeometry
from simint.tiling.published.electrical import Recharge
from simint.tiling.published.evaluate import REASONS, design_cost
from simint.tiling.published.operations import feature_elements, layer_operations, tile_operations, weight_elements
from simint.tiling.published.table_input import TextTable, read_rows
from simint.tiling.unit_costs import CostVector, unit_costs

Column = NDArray[np.int64] | NDArray[np.float64] | NDArray[np.str_]

_SIZES: Final = ("Tri", "Tci", "B_in", "B_w", "B_out", "vm_bytes", "num_tiles")
_STORAGE: Final = ("nvm_feat_bytes", "nvm_weight_bytes", "flops_layer", "macs_layer", "flops_tile", "macs_tile")
_COUNTS: Final = ("npc", "npc_n0", "npc_ngt0")
_CYCLE: Final = tuple(
    f"{kind}_{part}" for part in ("rb", "fd_ngt0", "fd_n0", "fl", "cp", "bd", "bl") for kind in ("E", "L")
)
_TOTALS: Final = ("Epc_max", "Lpc_max", "Epc_min", "Lpc_min")
_FEASIBILITY: Final = ("Eav", "Eu", "Lrc_min", "Lrc_max", "L_rc_tot", "Le2e", "cont_E", "cont_L")
_REALS: Final = (*_COUNTS, *_CYCLE, *_TOTALS, *_FEASIBILITY)
_INTEGER_COUNT: Final = 1 + len(_SIZES) + len(_STORAGE)  # the verdict comes first
_REAL_COUNT: Final = len(_REALS)
OUTPUT_COLUMNS: Final = (*_SIZES, *_COUNTS, *_CYCLE, *_TOTALS, "reason", *_FEASIBILITY, *_STORAGE)


def evaluate_columns(columns: Mapping[str, Sequence[object]], where: str, lines: Sequence[int]) -> dict[str, Column]:
    """Evaluate a table given by its columns; see `simint.cost.evaluate_table`."""
    rows = read_rows(TextTable(columns, where, lines))
    count = len(rows.inas)
    integers = np.zeros((count, _INTEGER_COUNT), dtype=np.int64)
    reals = np.zeros((count, _REAL_COUNT))
    for variant in Variant:
        platform = load_platform(f"msp430fr5994-{variant}")
        costs = unit_costs(platform)
        inas = variant is Variant.INAS2021
        chosen = np.flatnonzero(rows.inas == inas)
        integers[chosen], reals[chosen] = _evaluate(
            costs.energy,
            costs.time,
            rows.geometry[chosen],
            rows.designs[chosen],
            rows.electrical[chosen],
            rows.memory[chosen],
            inas,
        )
    verdict = integers[:, 0]
    out: dict[str, Column] = {name: integers[:, 1 + k] for k, name in enumerate((*_SIZES, *_STORAGE))}
    out |= {name: reals[:, k] for k, name in enumerate(_REALS)}
    out["reason"] = np.array(REASONS)[verdict]
    for name in _STORAGE:
        out[name] = np.where(rows.inas, np.nan, out[name].astype(np.float64))
    return {name: out[name] for name in OUTPUT_COLUMNS}


@compiled
def _evaluate(
    energy: CostVector,
    time: CostVector,
    geometry: NDArray[np.int64],
    designs: NDArray[np.int64],
    electrical: NDArray[np.float64],
    memory: NDArray[np.int64],
    inas: bool,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Verdict and integer columns, and real columns, a row per design."""
    integers = np.empty((len(geometry), _INTEGER_COUNT), dtype=np.int64)
    reals = np.empty((len(geometry), _REAL_COUNT))
    for k in range(len(geometry)):
        r, q = geometry[k], designs[k]
        g = LayerGeometry(
            r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15], r[16]
        )
        d = DesignCodes(q[0], q[1], q[2], q[3], q[4], q[5])
        capacitance, resistance, v_supply, v_on, v_off, margin = electrical[k]
        swing = 0.5 * capacitance * (v_on * v_on - v_off * v_off)
        budget = margin * swing
        recharge = Recharge(
            budget, budget if inas else swing, capacitance, resistance * capacitance, v_off, v_on, v_supply
        )
        x = design_cost(energy, time, recharge, g, d, memory[k, 0], memory[k, 1])
        layer, tiles = layer_operations(g), tile_operations(g, d)
        integers[k] = np.array(
            (
                *(x.verdict, x.input_rows, x.input_cols, x.buffers.input, x.buffers.weight, x.buffers.output),
                *(x.vm_bytes, x.tiles, feature_elements(g) * memory[k, 1], weight_elements(g) * memory[k, 1]),
                *(layer.flops, layer.macs, tiles.flops, tiles.macs),
            )
        )
        e, t = x.energy, x.time
        reals[k] = np.array(
            (
                *(x.cycles.total, x.cycles.first, x.cycles.total - x.cycles.first),
                *(e.boot, t.boot, e.fetch_later, t.fetch_later, e.fetch_first, t.fetch_first),
                *(e.index_read, t.index_read, e.compute, t.compute, e.write_back, t.write_back),
                *(e.index_write, t.index_write, e.later, t.later, e.first, t.first),
                *(x.budget_j, x.budget_use, x.recharge_first_s, x.recharge_later_s, x.recharge_s, x.latency_s),
                *(x.continuous_energy.total, x.continuous_time.total),
            )
        )
    return integers, reals
