"""The literal loop nest of a network, run-length encoded: a million tiles stay a few numbers.

A schedule says what every preservation batch costs, phase by phase, and in which order the batches run; which of the
phases are paid is up to the engine: `opening`, `tiles` and `write_back` always, `preserve` where progress is preserved
after every batch, `reload` where volatile memory was lost before the batch. Built by `loop_nest.build_schedule`.
Source: specification 14.1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from simint.tiling.design import ExecutionDesign


@dataclass(frozen=True, slots=True)
class Cost:
    """Energy in joule and time in seconds."""

    energy_j: float
    time_s: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.energy_j + other.energy_j, self.time_s + other.time_s)

    def __mul__(self, times: int) -> Cost:
        return Cost(self.energy_j * times, self.time_s * times)


ZERO = Cost(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Numbers of tile operands (not words) read into and written from volatile memory, and of tiles computed.

    The two operands of an ADD count as one input tile.
    """

    input_loads: int
    weight_loads: int
    partial_loads: int
    computes: int
    write_backs: int

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            self.input_loads + other.input_loads,
            self.weight_loads + other.weight_loads,
            self.partial_loads + other.partial_loads,
            self.computes + other.computes,
            self.write_backs + other.write_backs,
        )

    def __mul__(self, times: int) -> Traffic:
        return Traffic(
            self.input_loads * times,
            self.weight_loads * times,
            self.partial_loads * times,
            self.computes * times,
            self.write_backs * times,
        )


NO_TRAFFIC = Traffic(0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class TileRun:
    """Identical consecutive tiles of a batch: streamed operands and computation of one of them."""

    count: int
    fetch: Cost
    compute: Cost


@dataclass(frozen=True, slots=True)
class Batch:
    """One preservation batch: S consecutive tiles, then a commit.

    `layer`: index in the network. `opening`: the stationary operand, loaded because an inner loop starts here.
    `reload`: what is loaded besides when volatile memory was lost before the batch (the stationary operand where
    `opening` does not cover it, or the partial sum that would still be there). `write_back`: outputs that leave
    volatile memory in any case. `preserve`: a partial sum written only because progress is preserved after the batch.
    `traffic`: with volatile memory warm, the writes of `preserve` included. `reload_traffic`: of `reload`.
    """

    layer: int
    opening: Cost
    reload: Cost
    tiles: tuple[TileRun, ...]
    write_back: Cost
    preserve: Cost
    traffic: Traffic
    reload_traffic: Traffic


@dataclass(frozen=True, slots=True)
class Loop:
    """`body`: pairs of (index into the layer's batches, repetitions); the whole body runs `count` times."""

    body: tuple[tuple[int, int], ...]
    count: int


@dataclass(frozen=True, slots=True)
class LayerSchedule:
    """The distinct batches of one layer, and the loops that run them in order.

    `save`, `load`: writing the layer's `vm_bytes` of volatile memory to NVM for a checkpoint, and reading them back.
    """

    name: str
    design: ExecutionDesign
    batches: tuple[Batch, ...]
    program: tuple[Loop, ...]
    vm_bytes: int = 0
    save: Cost = ZERO
    load: Cost = ZERO


@dataclass(frozen=True, slots=True)
class Schedule:
    """All layers of a network in order, and what a boot and the progress record cost.

    `index_read` is paid at a restore, `index_write` at a commit; `footprint_read` and `footprint_write` in their place
    where the record is a job counter. `vm_bytes`: the most volatile memory a layer needs.
    """

    layers: tuple[LayerSchedule, ...]
    boot: Cost
    index_read: Cost
    index_write: Cost
    vm_bytes: int
    footprint_read: Cost = ZERO
    footprint_write: Cost = ZERO


@dataclass(frozen=True, slots=True)
class ScheduleTotals:
    """Sums over all batches of a layer or network, boots and progress records left out.

    `reload` and `reload_traffic` are what it takes if volatile memory is lost before every batch.
    `preserved_batches`: those that write a partial sum only to preserve progress.
    """

    batches: int
    preserved_batches: int
    opening: Cost
    fetch: Cost
    compute: Cost
    write_back: Cost
    preserve: Cost
    reload: Cost
    traffic: Traffic
    reload_traffic: Traffic

    @property
    def tiles(self) -> int:
        """Number of tiles."""
        return self.traffic.computes

    @property
    def continuous(self) -> Cost:
        """What the loop nest costs when power never fails and nothing is preserved."""
        return self.opening + self.fetch + self.compute + self.write_back

    @property
    def with_preservation(self) -> Cost:
        """The same with partial sums written after every batch."""
        return self.continuous + self.preserve


def iterate_batches(layer: LayerSchedule) -> Iterator[Batch]:
    """Every batch of a layer, in the order of execution."""
    for loop in layer.program:
        for _ in range(loop.count):
            for index, repetitions in loop.body:
                for _ in range(repetitions):
                    yield layer.batches[index]


def totals(schedule: Schedule | LayerSchedule) -> ScheduleTotals:
    """Sums over a layer or a whole network."""
    layers = schedule.layers if isinstance(schedule, Schedule) else (schedule,)
    opening = fetch = compute = write_back = preserve = reload = ZERO
    traffic = reload_traffic = NO_TRAFFIC
    batches = preserved = 0
    for layer in layers:
        for index, times in _executions(layer).items():
            batch = layer.batches[index]
            batches += times
            preserved += times if batch.preserve != ZERO else 0
            opening += batch.opening * times
            for run in batch.tiles:
                fetch += run.fetch * (run.count * times)
                compute += run.compute * (run.count * times)
            write_back += batch.write_back * times
            preserve += batch.preserve * times
            reload += batch.reload * times
            traffic += batch.traffic * times
            reload_traffic += batch.reload_traffic * times
    return ScheduleTotals(
        batches=batches,
        preserved_batches=preserved,
        opening=opening,
        fetch=fetch,
        compute=compute,
        write_back=write_back,
        preserve=preserve,
        reload=reload,
        traffic=traffic,
        reload_traffic=reload_traffic,
    )


def _executions(layer: LayerSchedule) -> Counter[int]:
    """How often each distinct batch runs."""
    times: Counter[int] = Counter()
    for loop in layer.program:
        for index, repetitions in loop.body:
            times[index] += loop.count * repetitions
    return times
