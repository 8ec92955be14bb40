"""The observer that writes the timeline of a run while it goes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from simint.engine.observer import Work
from simint.engine.program import Activity, Place, Step, done_before
from simint.engine.run import Inference, PowerCycle, Run
from simint.engine.storage import Storage
from simint.physics.state import NodeState, copy_state
from simint.report.timeline.commits import AtStake
from simint.report.timeline.counters import Counters
from simint.report.timeline.course import Course, Sample, sample_of, swing_v
from simint.report.timeline.event_file import EventFile
from simint.report.timeline.phases import LedgerReader, Phase, Spent, phase_count, phases_of, time_into
from simint.report.timeline.repeats import Furthest
from simint.report.timeline.slice_row import JoinedRow, SliceRow
from simint.report.timeline.trace_event import NS_PER_S, Args, Row, to_ns
from simint.units import format_duration

# The voltage counter follows the capacitor in steps of this share of the way from `v_off` to `v_on`.
VOLTAGE_STEP = 0.01
_OFF, _SLEEP, _CHECKPOINT = "off", "sleep", "checkpoint"
# The categories of phases are the terms of the books; two have a shorter name.
_CATEGORIES = tuple(activity.name.lower() for activity in Activity)
_NAMES = tuple({"write_back": "write back", "index": "commit"}.get(term, term) for term in _CATEGORIES)
_WORK = {Activity.FETCH, Activity.COMPUTE, Activity.WRITE_BACK, Activity.INDEX}
_STATES = tuple("work" if activity in _WORK else activity.name.lower() for activity in Activity)
_SAVING = (_CHECKPOINT,) * len(_STATES)


class TimelineRecorder:
    """Writes to `file` what every call of `passed` says; `finish` adds what only the whole run knows."""

    def __init__(self, file: EventFile) -> None:
        self._file = file
        self._counters = Counters(file)
        self._states, self._layers = JoinedRow(file, Row.STATE), JoinedRow(file, Row.LAYER)
        self._repeated = JoinedRow(file, Row.REPEATED)
        self._batches, self._phases = SliceRow(file, Row.BATCH), SliceRow(file, Row.PHASE)
        self._lost = SliceRow(file, Row.LOST)
        self._ledger, self._at_stake, self._furthest = LedgerReader(), AtStake(), Furthest()
        self._committed = 0
        self._storage: Storage | None = None
        self._before: NodeState | None = None
        self._state = ""
        self._written: Sample | None = None
        self._work: Work | None = None
        self._last_step = -1, -1, 0, 0  # section, ordinal, tiles before it and in it

    def begins(self, work: Work) -> None:
        """See `WorkObserver`."""
        self._work = work

    def passed(self, storage: Storage, state: str, since: NodeState | None, load_w: float) -> None:
        """See `Observer`."""
        before = self._before or since or copy_state(storage.state)
        work, self._work = self._work, None
        spent = self._look(storage)
        begin_s, end_s = float(before.tv[0]), storage.now_s
        if end_s > begin_s:
            stretch_s = end_s - begin_s
            detailed = work is not None and stretch_s >= self._file.resolution_ns / NS_PER_S
            phases = [Phase(-1, stretch_s, 0.0)]
            if state != _OFF:
                phases = phases_of(work if detailed else None, spent, stretch_s, end_s)
            self._write_storage(storage, before, state, phases, spent, waiting=since is not None)
            if state == _OFF:
                self._states.add(_OFF, to_ns(begin_s), to_ns(end_s))
            else:
                merged = None if work is None or detailed else phase_count(work, stretch_s)
                self._write_phases(state, phases, begin_s, end_s, merged)
            if work is not None and work.step is not None:
                self._write_step(work, work.step, begin_s, end_s, done=not storage.place.any())
        if work is not None and work.step is not None:
            self._at_stake.finished(end_s, _tiles_done(work, work.step, storage.place))
        self._before, self._state = copy_state(storage.state), state
        self._committed += self._at_stake.keep(spent.pending_s)
        self._counters.committed(to_ns(end_s), self._committed)

    def finish(self, run: Run, title: str, facts: Mapping[str, object]) -> None:
        """Write what is left, the power cycles, the inferences, and `facts` about the run."""
        if self._storage is not None:
            self._look(self._storage)
            end = sample_of(self._storage.state)
            self._counters.committed(to_ns(end.time_s), sum(layer.tiles_committed for layer in run.layers))
            self._counters.end(to_ns(end.time_s), end.voltage, end.harvested_j)
        for row in (self._states, self._layers, self._repeated, self._batches, self._phases, self._lost):
            row.flush()
        power_cycles = SliceRow(self._file, Row.POWER_CYCLE)
        for number, cycle in enumerate(run.power_cycles):
            args = _cycle_args(cycle)
            power_cycles.add(f"power cycle {number}", to_ns(cycle.on_s), to_ns(cycle.off_s), "power cycle", args)
        power_cycles.flush()
        inferences = SliceRow(self._file, Row.INFERENCE)
        for inference in run.inferences:
            if not math.isnan(inference.start_s):
                end_ns = to_ns(inference.end_s if inference.completed else run.duration_s)
                args = _inference_args(inference)
                inferences.add(f"inference {inference.number}", to_ns(inference.start_s), end_ns, "inference", args)
        inferences.flush()
        self._file.end(title, facts)

    @property
    def remark(self) -> str:
        """How large the file is, before compression, and what was merged."""
        file = self._file
        text = f"{file.events:,} events, {file.bytes / 1e6:,.1f} MB"
        if not file.merged:
            return text
        since, resolution = format_duration(file.merged_from_ns / NS_PER_S), file.resolution_ns / NS_PER_S
        return f"{text}; {file.merged:,} slices merged from {since} on, at last below {format_duration(resolution)}"

    def _look(self, storage: Storage) -> Spent:
        """What the ledger has gained; what was lost at the end of the stretch before gets its slices now."""
        self._storage = storage
        spent = self._ledger.read(storage.ledger)
        if spent.lost_s > 0.0:
            terms = {f"{_CATEGORIES[k]}_s": time_s for k, time_s in enumerate(spent.lost_by_s) if time_s > 0.0}
            args: dict[str, str | int | float | bool] = {**terms, "energy_j": spent.lost_j}
            for begin_s, end_s in self._at_stake.spans:
                self._lost.add("lost", to_ns(begin_s), to_ns(end_s), args=args)
                args = {}
            self._at_stake.clear()
        return spent

    def _write_storage(
        self,
        storage: Storage,
        before: NodeState,
        state: str,
        phases: Sequence[Phase],
        spent: Spent,
        waiting: bool,
    ) -> None:
        """Points of voltage and harvest: where the state changes, and wherever the voltage has moved on."""
        if state != self._state or self._written is None:
            self._written = self._write_sample(sample_of(before))
            self._counters.committed(to_ns(float(before.tv[0])), self._committed)
        step_v = VOLTAGE_STEP * (storage.supply.v_on - storage.supply.v_off)
        least_s = self._file.resolution_ns / NS_PER_S
        if storage.now_s - before.tv[0] > least_s and swing_v(storage, before, sum(spent.energy_j)) > step_v:
            connected = waiting or storage.harvest_while_on
            course = Course(storage, before, state != _OFF, connected)
            for sample in course.samples(phases, self._written, step_v, least_s):
                self._written = self._write_sample(sample)
        end = sample_of(storage.state)
        if abs(end.voltage - self._written.voltage) >= step_v:
            self._written = self._write_sample(end)

    def _write_sample(self, sample: Sample) -> Sample:
        self._counters.storage(to_ns(sample.time_s), sample.voltage, sample.harvested_j)
        return sample

    def _write_phases(
        self, state: str, phases: Sequence[Phase], begin_s: float, end_s: float, merged: int | None
    ) -> None:
        """Slices of phases and states; `merged`: they are too short to be told apart, and so many."""
        self._file.busy_ns += to_ns(end_s - begin_s)
        states = _SAVING if state == _CHECKPOINT else _STATES
        last_ns, last = to_ns(end_s), len(phases) - 1
        now_s, begin_ns = begin_s, to_ns(begin_s)
        current, since_s, since_ns = "", begin_s, begin_ns
        for number, phase in enumerate(phases):
            if states[phase.activity] != current:
                self._write_state(current, since_s, since_ns, now_s, begin_ns)
                current, since_s, since_ns = states[phase.activity], now_s, begin_ns
            now_s = end_s if number == last else now_s + phase.time_s
            end_ns = min(to_ns(now_s), last_ns)
            if merged is None:
                self._phases.add(_NAMES[phase.activity], begin_ns, end_ns, _CATEGORIES[phase.activity])
            begin_ns = end_ns
        self._write_state(current, since_s, since_ns, now_s, begin_ns)
        if merged is not None and phases:
            seconds = {_CATEGORIES[phase.activity]: phase.time_s for phase in phases}
            self._phases.add_many(merged, seconds, to_ns(begin_s), last_ns)

    def _write_state(self, state: str, begin_s: float, begin_ns: int, end_s: float, end_ns: int) -> None:
        """One state of a stretch; all but sleep puts work at stake."""
        if state:
            self._states.add(state, begin_ns, end_ns)
            if state != _SLEEP:
                self._at_stake.ran(begin_s, end_s)

    def _write_step(self, work: Work, step: Step, begin_s: float, end_s: float, done: bool) -> None:
        """Slices of a batch or task, of the layer it belongs to, and of what is executed again."""
        into_s = time_into(work)
        from_s, reload_s = max(into_s, 0.0), max(-into_s, 0.0)
        worked_s = max(end_s - begin_s - reload_s, 0.0)
        again_s = self._furthest.repeated_s(work.inference, work.ordinal, from_s, from_s + worked_s)
        begin_ns, end_ns = to_ns(begin_s), to_ns(end_s)
        args: dict[str, str | int | float | bool] = {"inference": work.inference}
        if not done:
            args["cut"] = True
        if again_s > 0.0:
            args["repeated"] = True
            again_from_s = begin_s + reload_s
            self._repeated.add("re-execution", to_ns(again_from_s), min(to_ns(again_from_s + again_s), end_ns))
        name = work.program.names[step.section]
        self._batches.add(self._step_name(work, step), begin_ns, end_ns, name, args)
        self._layers.add(name, begin_ns, end_ns)

    def _step_name(self, work: Work, step: Step) -> str:
        """The layer or task, and which of its tiles."""
        name, before = work.program.names[step.section], self._first_tile(work, step)
        if step.tiles < 2:
            return f"{name} tile {before}" if step.tiles else name
        return f"{name} tiles {before}-{before + step.tiles - 1}"

    def _first_tile(self, work: Work, step: Step) -> int:
        """Tiles of the layer before the step; counted on from the last step where this one is next."""
        section, ordinal, before, tiles = self._last_step
        if step.section == section and work.ordinal == ordinal + 1:
            before += tiles
        elif step.section != section or work.ordinal != ordinal:
            before = work.program.tiles_before(work.ordinal)
        self._last_step = step.section, work.ordinal, before, step.tiles
        return before


def _tiles_done(work: Work, step: Step, left_at: Place) -> int:
    """Tiles completed on the way from where `work` begins to `left_at`, all zero where the step is done."""
    end = done_before(work.rows, left_at)[0] if left_at.any() else step.tiles
    return end - (done_before(work.rows, work.place)[0] if work.place.any() else 0)


def _cycle_args(cycle: PowerCycle) -> Args:
    return {
        "ended_by": cycle.ended_by.value,
        "v_end": cycle.v_end,
        "energy_j": cycle.energy_j,
        "tiles_committed": cycle.tiles_committed,
        "tiles_lost": cycle.tiles_lost,
    }


def _inference_args(inference: Inference) -> Args:
    args: dict[str, str | int | float | bool] = {
        "release_s": inference.release_s,
        "completed": inference.completed,
        "power_cycles": inference.power_cycles,
    }
    if inference.completed:
        args["latency_s"] = inference.latency_s
    if inference.deadline_met is not None:
        args["deadline_met"] = inference.deadline_met
    return args
