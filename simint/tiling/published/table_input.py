"""A table of designs as text columns, checked and turned into the arrays that compiled code reads."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from simint.errors import InputError
from simint.hardware.platform import Variant
from simint.tiling.geometry import ADD, BN, CONV, DW, GAVGPOOL, POOL, RELU
from simint.tiling.legality import legal_orders

T = TypeVar("T")
Integers = NDArray[np.int64]

_OPS: Final = {
    **dict.fromkeys(("CONV2D", "CONV1D", "PW2D", "PW1D", "FC"), CONV),
    **dict.fromkeys(("DW2D", "DW1D"), DW),
    "BN": BN,
    "RELU": RELU,
    "ADD": ADD,
    "POOL": POOL,
    "GAVGPOOL": GAVGPOOL,
}
_INAS_OPS: Final = (CONV, POOL, GAVGPOOL)
_WINDOWED: Final = (CONV, DW, POOL)
_ORDERS: Final = ("I", "W", "O")

SHAPE_COLUMNS: Final = ("H", "W", "N", "R", "C", "M", "Kh", "Kw", "stride", "pad")
ELECTRICAL_COLUMNS: Final = ("ccap", "rehm", "vsup", "von", "voff", "margin")
INPUT_COLUMNS: Final = (
    *("model", "op", *SHAPE_COLUMNS, *ELECTRICAL_COLUMNS),
    *("vm_capacity", "data_sz", "Tr", "Tc", "Tm", "Tn", "reuse", "S"),
)


class DesignRows(NamedTuple):
    """Designs by row: `geometry` has the fields of LayerGeometry, `designs` those of DesignCodes.

    `electrical`: capacitance, resistance, v_supply, v_on, v_off, margin. `memory`: VM bytes, bytes of an element.
    """

    inas: NDArray[np.bool_]
    geometry: Integers
    designs: Integers
    electrical: NDArray[np.float64]
    memory: Integers


class TextTable:
    """Columns of text with the place every row comes from, for messages.

    `where` names the file, `lines` gives the line of each row.
    """

    def __init__(self, columns: Mapping[str, Sequence[object]], where: str, lines: Sequence[int]) -> None:
        missing = [name for name in INPUT_COLUMNS if name not in columns]
        if missing:
            raise InputError(f"{where}: missing columns: {', '.join(missing)}")
        self._columns, self._where, self._lines = columns, where, lines

    def refuse(self, row: int, column: str, expected: str) -> InputError:
        """The error for one field."""
        found = self._columns[column][row]
        return InputError(
            f"{self._where}, line {self._lines[row]}, column {column}: got {found!r}, expected {expected}"
        )

    def read(self, column: str, parse: Callable[[object], T], expected: str) -> list[T]:
        """All fields of a column; `parse` raises ValueError, TypeError or KeyError for a bad one."""
        values = []
        for row, field in enumerate(self._columns[column]):
            try:
                values.append(parse(field))
            except (ValueError, TypeError, KeyError):
                raise self.refuse(row, column, expected) from None
        return values

    def require(self, good: NDArray[np.bool_], column: str, expected: str) -> None:
        """Refuse the first row that is not good."""
        if not good.all():
            raise self.refuse(int(np.argmin(good)), column, expected)


def read_rows(table: TextTable) -> DesignRows:
    """Check all input columns (`INPUT_COLUMNS`; `simint.cost.evaluate_table` has them too) and convert them.

    Raises InputError with line and column where a field is no number, a shape contradicts itself, or an order does not
    fit its operator.
    """
    variants = table.read("model", lambda field: Variant(str(field)), "tinas2024 or inas2021")
    inas = np.array([variant is Variant.INAS2021 for variant in variants], dtype=np.bool_)
    op = np.array(table.read("op", lambda field: _OPS[str(field)], " or ".join(_OPS)), dtype=np.int64)
    table.require(~inas | np.isin(op, _INAS_OPS), "op", "an operator of the inas2021 model")
    order = np.array(table.read("reuse", lambda field: _ORDERS.index(str(field)), "I, W or O"), dtype=np.int64)
    for kind in set(_OPS.values()):
        table.require((op != kind) | np.isin(order, legal_orders(kind)), "reuse", "a legal order of this operator")
    sizes = {name: _integers(table, name, 1) for name in ("H", "W", "N", "R", "C", "M", "Tr", "Tc", "Tm", "Tn", "S")}
    table.require((op == CONV) | (sizes["Tn"] == 1), "Tn", "1 for every operator but a convolution")
    memory = np.stack([_integers(table, name, 1) for name in ("vm_capacity", "data_sz")], axis=1)
    designs = np.stack([sizes["Tr"], sizes["Tc"], sizes["Tm"], sizes["Tn"], order, sizes["S"]], axis=1)
    return DesignRows(inas, _geometry(table, op, sizes), designs, _electrical(table), memory)


def _geometry(table: TextTable, op: Integers, sizes: Mapping[str, Integers]) -> Integers:
    """The columns of LayerGeometry; operators without a window have a 1x1 kernel whatever the table says."""
    windowed = np.isin(op, _WINDOWED)
    kernel_h, kernel_w, stride = (
        np.where(windowed, _integers(table, name, 1, blank=0), 1) for name in ("Kh", "Kw", "stride")
    )
    pad = np.where(windowed, _integers(table, "pad", 0, blank=0), 0)
    for name, values in (("Kh", kernel_h), ("Kw", kernel_w), ("stride", stride)):
        table.require(values > 0, name, "a number for an operator with a window")
    _check_shapes(table, op, sizes, (kernel_h, kernel_w, stride, pad))
    one = np.ones_like(op)
    return np.stack(
        [
            *(op, sizes["N"], sizes["H"], sizes["W"], sizes["M"], sizes["R"], sizes["C"]),
            *(kernel_h, kernel_w, stride, stride, pad, pad, pad, pad, one, 0 * one),
        ],
        axis=1,
    )


def _check_shapes(
    table: TextTable, op: Integers, sizes: Mapping[str, Integers], window: tuple[Integers, Integers, Integers, Integers]
) -> None:
    kernel_h, kernel_w, stride, pad = window
    windowed = np.isin(op, _WINDOWED)
    one_dimensional = (sizes["W"] == 1) & (sizes["C"] == 1) & (kernel_w == 1)
    rows = (sizes["H"] - kernel_h + 2 * pad) // stride + 1
    cols = (sizes["W"] - kernel_w + 2 * pad) // stride + 1
    table.require(~windowed | (sizes["R"] == rows), "R", "the height that H, Kh, stride and pad give")
    table.require(~windowed | one_dimensional | (sizes["C"] == cols), "C", "the width that W, Kw, stride and pad give")
    table.require((op == CONV) | (sizes["M"] == sizes["N"]), "M", "N, since this operator keeps the channels")
    element_wise = np.isin(op, (BN, RELU, ADD))
    table.require(~element_wise | (sizes["R"] == sizes["H"]), "R", "H for an element-wise operator")
    table.require(~element_wise | (sizes["C"] == sizes["W"]), "C", "W for an element-wise operator")
    pooled = (sizes["R"] == 1) & (sizes["C"] == 1)
    table.require((op != GAVGPOOL) | pooled, "R", "a 1x1 output of GAVGPOOL")


def _electrical(table: TextTable) -> NDArray[np.float64]:
    values = np.stack([_reals(table, name) for name in ELECTRICAL_COLUMNS], axis=1)
    _, _, v_supply, v_on, v_off, margin = values.T
    table.require(v_off < v_on, "voff", "a voltage below von")
    table.require(v_on < v_supply, "von", "a voltage below vsup")
    table.require(margin <= 1.0, "margin", "a share in (0, 1]")
    return values


def _integers(table: TextTable, column: str, minimum: int, blank: int | None = None) -> Integers:
    def parse(field: object) -> int:
        if blank is not None and field == "":
            return blank
        value = int(field) if isinstance(field, str) else operator.index(field)  # type: ignore[arg-type]
        if not minimum <= value < 2**31:
            raise ValueError
        return value

    return np.array(table.read(column, parse, f"a whole number of at least {minimum}"), dtype=np.int64)


def _reals(table: TextTable, column: str) -> NDArray[np.float64]:
    def parse(field: object) -> float:
        value = float(field)  # type: ignore[arg-type]
        if not 0 < value < math.inf:
            raise ValueError
        return value

    return np.array(table.read(column, parse, "a positive number"), dtype=np.float64)
