"""A study from its description to its file: what is asked, what is there already, and the rest computed."""

from __future__ import annotations

import contextlib
import shutil
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simint.errors import InputError, SimintError
from simint.scenario import Scenario, TraceChoice
from simint.trace.readers.options import NO_OPTIONS
from simint.whatif.assign import scenario_at
from simint.whatif.outcome import Outcome, Task, lost
from simint.whatif.point import Base
from simint.whatif.progress import StudyProgress
from simint.whatif.resolve import Resolved, changes, input_hashes, resolve
from simint.whatif.shared_sources import SharedSources
from simint.whatif.store import Column, StudyStore, create_store, open_store, study_lock
from simint.whatif.study import Study, description, points, read_description
from simint.whatif.traces import record_traces, recorded_choice
from simint.whatif.variation import Value
from simint.whatif.worker import packed, run_tasks
from simint.workers.dispatch import Dispatcher
from simint.workers.pool import EVERY_CORE, Pool, Where, make_pool

_COMMIT_S = 0.2  # at the most between an outcome and the file


@dataclass(frozen=True, slots=True)
class Progress:
    """What a study file holds after a session: all points, those with a result, and those whose result is an error."""

    points: int
    done: int
    errors: int
    interrupted: bool = False

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.done == self.points


def run_study(
    study: Study, path: Path, where: Where = EVERY_CORE, *, again: bool = False, shown: bool = False
) -> Progress:
    """Compute what a study file lacks; a new file where there is none.

    `again`: points that ended in an error too. `shown`: with a progress bar on stderr. Ctrl-C leaves everything that
    was done in the file.

    Raises InputError where the study is wrong, where the file holds another one, and where its inputs have changed
    since, naming what.
    """
    _require_folder(path)
    with study_lock(path):
        return _continued(study, path, where, again, shown)


def resume_study(path: Path, where: Where = EVERY_CORE, *, again: bool = False, shown: bool = False) -> Progress:
    """As `run_study`, with the study that the file describes."""
    if not path.is_file():
        raise InputError(f"{path}: no such study file")
    with study_lock(path):
        with open_store(path) as store:
            study = read_description(store.fact("description"))
        return _continued(study, path, where, again, shown)


@dataclass(frozen=True)
class Prepared:
    """What a study stands for, loaded: its parts by name, its traces in the shared folder, and a hash of each."""

    study: Study
    resolved: Resolved
    folder: Path
    segments: Mapping[TraceChoice, int]
    inputs: Mapping[str, str]

    def dispatcher(self, pool: Pool, tasks: Sequence[Task]) -> tuple[Dispatcher[Task, Outcome], SharedSources]:
        """The tasks on their way through a pool, those with the same source one after the other."""
        scenarios = _scenarios(self.study, self.resolved, tasks)
        sources = SharedSources(scenarios, self.segments, self.folder)
        ordered = sorted(tasks, key=lambda task: (sources.order.get(task.point, -1), task.point))
        base = packed(Base(self.study, self.resolved, self.folder))
        return Dispatcher(pool, run_tasks, (base,), ordered, lost, sources.before), sources


def prepare(study: Study, tasks: Sequence[Task], folder: Path) -> Prepared:
    """Load what the points of a study need; InputError naming what is wrong."""
    resolved = resolve(study)
    recordings = _recordings(resolved, _scenarios(study, resolved, tasks).values())
    hashes, segments = record_traces(recordings, folder)
    base = study.scenario.trace
    if base.sha256 is not None and hashes.get(base.name, base.sha256) != base.sha256:
        raise InputError(f"trace {base.name!r} has changed since the scenario was written (sha256 differs)")
    return Prepared(study, resolved, folder, segments, input_hashes(study, resolved, hashes))


def _continued(study: Study, path: Path, where: Where, again: bool, shown: bool) -> Progress:
    asked = points(study)
    tasks = [Task(point, values) for point, values in enumerate(asked)]
    with _shared_folder(path) as folder:
        prepared = prepare(study, tasks, folder)
        with _store(study, path, prepared.inputs, asked) as store:
            missing = set(store.missing(errors_too=again))
            bar = StudyProgress(len(asked), len(asked) - len(missing), shown)
            with contextlib.closing(make_pool(where, len(missing))) as pool, bar:
                dispatcher, sources = prepared.dispatcher(pool, [task for task in tasks if task.point in missing])
                interrupted = _computed(dispatcher, _Saver(store, bar, sources))
            return Progress(len(asked), len(asked) - len(store.missing()), store.errors(), interrupted)


def _computed(dispatcher: Dispatcher[Task, Outcome], saver: _Saver) -> bool:
    """Everything computed and in the file; whether Ctrl-C came before all of it was."""
    try:
        for outcomes in dispatcher.outcomes(_COMMIT_S / 2):
            saver.take(outcomes)
    except KeyboardInterrupt:
        saver.take(dispatcher.finished())
        return True
    finally:
        saver.save()
    return False


class _Saver:
    """Outcomes on their way to the file, not longer than `_COMMIT_S`."""

    def __init__(self, store: StudyStore, progress: StudyProgress, sources: SharedSources) -> None:
        self._store, self._progress, self._sources = store, progress, sources
        self._held: list[Outcome] = []
        self._saved_s = time.monotonic()

    def take(self, outcomes: Sequence[Outcome]) -> None:
        self._held += outcomes
        if time.monotonic() - self._saved_s >= _COMMIT_S / 2:
            self.save()

    def save(self) -> None:
        self._saved_s = time.monotonic()
        if self._held:
            self._store.save(self._held)
            held, self._held = self._held, []
            self._sources.after(held)
            self._progress.passed(len(held), sum(outcome.metrics is None for outcome in held))


def _store(study: Study, path: Path, inputs: Mapping[str, str], asked: Sequence[tuple[Value, ...]]) -> StudyStore:
    """The study's file, new, or one that holds the same study with the same inputs."""
    text = description(study)
    if not path.exists():
        kinds = {variation.name: variation.kind for variation in study.variations}
        columns = [Column(variation.name, variation.unit, kinds[variation.name]) for variation in study.variations]
        return create_store(path, {"description": text}, inputs, columns, asked)
    store = open_store(path)
    differences = _differences(tomllib.loads(store.fact("description")), tomllib.loads(text))
    if differences:
        raise InputError(
            f"{path}: holds another study ({_listed(differences)}); give another file with --study, or go on with that "
            "one by --resume"
        )
    changed = changes(store.inputs(), inputs)
    if changed:
        raise InputError(
            f"{path}: inputs have changed since the study began: {_listed(changed)}; undo that, or begin a new file"
        )
    return store


def _scenarios(study: Study, resolved: Resolved, tasks: Sequence[Task]) -> dict[int, Scenario]:
    """The scenario of every point that has one; the others say why when they run."""
    found = {}
    for task in tasks:
        with contextlib.suppress(SimintError):
            found[task.point] = scenario_at(study, resolved, dict(zip(study.names, task.values, strict=True)))
    return found


def _recordings(resolved: Resolved, scenarios: Iterable[Scenario]) -> dict[str, TraceChoice]:
    """The recordings that the points read, by name for a person; of a catalogue trace drawn again and again, one."""
    words = {place: word for word, place in resolved.traces.items()}
    found: dict[str, TraceChoice] = {}
    seen: set[object] = set()
    for scenario in scenarios:
        choice = recorded_choice(scenario.trace)
        key = (choice.name, choice.read)
        if key not in seen:
            seen.add(key)
            word = words[choice.name]
            if choice.read != NO_OPTIONS and word in found:
                word = f"{word} read differently ({len(found)})"
            found[word] = choice
    return found


def _differences(recorded: Any, asked: Any, place: str = "") -> list[str]:
    """Where two descriptions differ, by the place and both values; the folder of relative paths does not count."""
    found: list[str] = []
    for key in dict.fromkeys((*recorded, *asked)):
        before, now = recorded.get(key), asked.get(key)
        if before == now or (place == "" and key == "folder"):
            continue
        if isinstance(before, dict) and isinstance(now, dict):
            found += _differences(before, now, f"{place}{key}.")
        else:
            found.append(f"{place}{key}: {_shortened(before)} there, {_shortened(now)} here")
    return found


def _shortened(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _listed(items: Sequence[str]) -> str:
    rest = len(items) - 5
    return "; ".join(items[:5]) + (f"; and {rest} more" if rest > 0 else "")


def _require_folder(path: Path) -> None:
    if not path.resolve().parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.resolve().parent}")


@contextlib.contextmanager
def _shared_folder(path: Path) -> Iterator[Path]:
    """A folder beside the study file for what its processes share, gone at the end; one left by a killed study too."""
    folder = path.resolve().with_name(f".{path.name}.shared")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir()
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror or error})") from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
