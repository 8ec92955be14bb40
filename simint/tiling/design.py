"""Execution design of one layer: how it is cut into tiles and when progress is preserved."""

from __future__ import annotations

import enum

import msgspec

from simint.errors import InputError


class Order(enum.StrEnum):
    """Inter-tile order: the operand that stays in volatile memory during the innermost loop."""

    INPUT = "I"
    WEIGHT = "W"
    OUTPUT = "O"


class ExecutionDesign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tile height `tr`, width `tc`, output channels `tm`, input channels `tn`, order, preservation batch `s`.

    Sizes in elements; `s` is the number of consecutive tiles between two commits.
    """

    tr: int
    tc: int
    tm: int
    tn: int = 1
    order: Order = Order.OUTPUT
    s: int = 1

    def __post_init__(self) -> None:
        if min(self.tr, self.tc, self.tm, self.tn, self.s) < 1:
            raise InputError(f"execution design {self}: tile sizes and batch must be at least 1")
