"""What an exploration of the published model is asked, in the flat form that compiled code reads."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simint.errors import InputError
from simint.hardware.platform import Platform
from simint.tiling.legality import RULES_CONSISTENT, Batches, batch_table, rule_set, searched_batches
from simint.tiling.published.electrical import ElectricalSettings, recharge_of
from simint.tiling.search.goal import GOAL_CODE, PublishedObjective
from simint.tiling.search.groups import Search
from simint.tiling.unit_costs import unit_costs


class BatchRule(enum.StrEnum):
    """Which preservation batches S are searched (specification 11.3).

    `variant`: those of the published program, 1 only in `tinas2024`. `one`: 1 only. `even`: 1 and the even divisors of
    the batch loop, the rule of `inas2021`. `consistent`: all divisors of the loops of the consistent mode.
    """

    VARIANT = "variant"
    ONE = "one"
    EVEN = "even"
    CONSISTENT = "consistent"


_SEARCHED: Final = {BatchRule.ONE: Batches.ONE, BatchRule.EVEN: Batches.EVEN, BatchRule.CONSISTENT: Batches.ALL}


class Benches(NamedTuple):
    """Supplies and volatile memories: a row of `Recharge` numbers, and bytes of VM, for each."""

    recharge: NDArray[np.float64]
    vm_bytes: NDArray[np.int64]


def search_of(platform: Platform, objective: str, batches: str, largest_loop: int) -> Search:
    """The search on a platform; `largest_loop`: see `legality.largest_loop`.

    Raises InputError for an unknown objective or batch rule.
    """
    if objective not in GOAL_CODE:
        raise InputError(f"unknown objective {objective!r} of the published mode; known: {', '.join(GOAL_CODE)}")
    if batches not in tuple(BatchRule):
        raise InputError(f"unknown batch rule {batches!r}; known: {', '.join(BatchRule)}")
    costs, rules, rule = unit_costs(platform), rule_set(platform), BatchRule(batches)
    searched = searched_batches(rules) if rule is BatchRule.VARIANT else _SEARCHED[rule]
    loops = RULES_CONSISTENT if rule is BatchRule.CONSISTENT else rules
    table = batch_table(largest_loop, searched)
    return Search(costs.energy, costs.time, GOAL_CODE[PublishedObjective(objective)], rules, loops, table)


def benches_of(platform: Platform, settings: Sequence[ElectricalSettings], vm_bytes: Sequence[int]) -> Benches:
    """The flat form of supplies and volatile memories."""
    rows = [recharge_of(each, platform.variant) for each in settings]
    return Benches(np.array(rows), np.array(vm_bytes, dtype=np.int64))
