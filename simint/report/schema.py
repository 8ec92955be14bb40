"""The stable schema of `summary.json`: what a program may rely on.

Everything is in SI units, the unit at the end of a field's name; a value that does not exist is null, never NaN. Fields
are only ever added; a change of meaning changes `format`.
"""

from __future__ import annotations

import msgspec

FORMAT = "simint-summary/1"


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """What was replayed; `scenario.toml` has all of it. `objective`: what the best designs are best in.

    `checkpoint_period_s`: of the timer's checkpoints. `tasks`: peripheral tasks before and after each inference.

    `trace_provenance`: where the values of a trace file came from and what was assumed to read them, null for one of
    the catalogue.
    """

    trace: str
    trace_provenance: str | None
    trace_end: str
    trace_duration_s: float
    seed: int | None
    supply: str
    capacitance_f: float
    v_on_v: float
    v_off_v: float
    platform: str
    network: str
    objective: str | None
    policy: str
    guard: bool
    period_s: float | None
    deadline_s: float | None
    checkpoint_period_s: float | None
    tasks: int


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Completion minus release, over the completed inferences; the 95th percentile interpolates linearly."""

    median_s: float
    p95_s: float
    mean_s: float
    min_s: float
    max_s: float


class InferenceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of inferences, and what one costs.

    `requested` is null where the run ends by time. `progress`: committed tiles in units of one inference.
    `energy_per_inference_j`: all that the microcontroller drew, per unit of progress. `throughput_per_s`: completed
    inferences by the run's duration.
    """

    requested: int | None
    completed: int
    progress: float
    deadlines_missed: int
    dropped: int
    latency: Latency | None
    energy_per_inference_j: float | None
    throughput_per_s: float | None


class PowerCycleSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of power cycles; every one begins with a boot. Means are over all of them."""

    count: int
    boots: int
    brown_outs: int
    per_inference: float | None
    mean_on_s: float | None
    mean_energy_j: float | None


class TileSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Tiles over the whole run; `re_executed_pct`: lost tiles, of those that were committed or lost."""

    started: int
    committed: int
    lost: int
    re_executed_pct: float


class TaskSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A peripheral task over the whole run: run through, run through for good, cut by power failures."""

    name: str
    done: int
    committed: int
    cut: int


class CheckpointSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Checkpoints of volatile memory: completed, torn by a brown-out, restored; voltages where the policy has them.

    `v_safe_v`: the lowest voltage from which the largest checkpoint completes without harvest.
    """

    saved: int
    torn: int
    restored: int
    v_checkpoint_v: float | None
    v_resume_v: float | None
    v_safe_v: float | None


class EnergySummary(msgspec.Struct, frozen=True, kw_only=True):
    """The energy book (see `EnergyBook`), and its sum over the microcontroller's terms."""

    harvested_j: float
    available_j: float
    frontend_loss_j: float
    spilled_j: float
    leaked_j: float
    esr_loss_j: float
    switch_loss_j: float
    quiescent_j: float
    regulator_loss_j: float
    boot_j: float
    restore_j: float
    fetch_j: float
    compute_j: float
    write_back_j: float
    index_j: float
    checkpoint_j: float
    sleep_j: float
    peripheral_j: float
    lost_j: float
    stored_delta_j: float
    device_j: float
    imbalance_j: float


class TimeSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The time book (see `TimeBook`)."""

    off_s: float
    boot_s: float
    restore_s: float
    useful_s: float
    write_back_s: float
    index_s: float
    checkpoint_s: float
    sleep_s: float
    peripheral_s: float
    lost_s: float


class Overhead(msgspec.Struct, frozen=True, kw_only=True):
    """Intermittency management overhead: working time against the same work under continuous power."""

    imo_pct: float
    overhead_s: float
    working_s: float
    continuous_s: float


class NonterminationSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The work that cannot be done; `smallest_capacitance_f` is null where no capacitor helps."""

    layer: str
    tile: int
    needed_j: float
    given_j: float
    smallest_capacitance_f: float | None
    reason: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One replay. `partial`: it was interrupted and shows what was done until then. `limit`: the kind of `hint`.

    `engine`: which engine made it, `compiled` or `event`.
    """

    format: str
    simint: str
    verdict: str
    partial: bool
    engine: str
    note: str
    limit: str
    hint: str
    inputs: Inputs
    duration_s: float
    first_turn_on_s: float | None
    trace_passes: int
    initial_v: float
    final_v: float
    inferences: InferenceSummary
    power_cycles: PowerCycleSummary
    tiles: TileSummary
    energy: EnergySummary
    time: TimeSummary
    overhead: Overhead
    nontermination: NonterminationSummary | None
    tasks: tuple[TaskSummary, ...]
    checkpoints: CheckpointSummary | None
