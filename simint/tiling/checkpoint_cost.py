"""What it costs to keep state in non-volatile memory: small records, and images of volatile memory."""

from __future__ import annotations

from collections.abc import Callable

from simint.tiling.schedule import Cost
from simint.tiling.unit_costs import CostVector, UnitCostPair

# Bytes of a block element, for which block transfers are priced (specification 2.1).
_ELEMENT_BYTES = 2
# Two 16-bit words: a job counter and the version that tells which of the two copies is newer, as the authors of HAWAII
# keep it in a later runtime (github.com/EMCLab-Sinica/Stateful-CNN, common/platform.cpp, built with HAWAII).
FOOTPRINT_WORDS = 2
# 16 registers of 20 bits, each stored in two words: MSP430X, Texas Instruments SLAU367, chapter CPUX, PUSHM.A.
REGISTER_BYTES = 64


def record_costs(costs: UnitCostPair, words: int, published: bool) -> tuple[Cost, Cost]:
    """Reading both versioned copies of a record of `words` words, and writing one of them.

    Priced as the progress index is (quirk Q4): one block with one addressing overhead each, which the published model
    leaves out along with the second copy.
    """
    copies = 1 if published else 2
    read = _cost(costs, lambda vector: copies * _read(vector, words, published))
    return read, _cost(costs, lambda vector: _write(vector, words, published))


def image_bytes(vm_bytes: int) -> int:
    """Bytes of non-volatile memory for one copy of `vm_bytes` of volatile memory and the registers."""
    return vm_bytes + REGISTER_BYTES


def image_costs(costs: UnitCostPair, vm_bytes: int, published: bool) -> tuple[Cost, Cost]:
    """Writing `vm_bytes` of volatile memory and the registers as one block, and reading them back.

    The program's own variables and stack are not counted: they are small beside the buffers of the tiles."""
    elements = -(-image_bytes(vm_bytes) // _ELEMENT_BYTES)
    save = _cost(costs, lambda vector: _write(vector, elements, published))
    return save, _cost(costs, lambda vector: _read(vector, elements, published))


def _cost(costs: UnitCostPair, price: Callable[[CostVector], float]) -> Cost:
    return Cost(price(costs.energy), price(costs.time))


def _read(costs: CostVector, elements: int, published: bool) -> float:
    return costs.read_element * elements + costs.read_fixed + (0.0 if published else costs.input_overhead)


def _write(costs: CostVector, elements: int, published: bool) -> float:
    return costs.write_element * elements + costs.write_fixed + (0.0 if published else costs.write_overhead_o)
