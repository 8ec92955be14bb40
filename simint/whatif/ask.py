"""What-if studies from Python."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simint.errors import InputError
from simint.scenario import Scenario, read_scenario
from simint.whatif.frame import StudyFrame, load_study
from simint.whatif.parts import BEST, HELD
from simint.whatif.study import Hold, Study, parse_sampling
from simint.whatif.variation import make_variation

if TYPE_CHECKING:
    from simint.whatif.search import Threshold

# Values as on the command line, or as they are: SI numbers, names, files.
Spec = str | float | Sequence[str | float]


def whatif(
    scenario: Scenario | Path | str,
    vary: Mapping[str, Spec],
    *,
    sample: str = "grid",
    seed: int = 0,
    hold: str | None = None,
    design: str = BEST,
    file: Path | str | None = None,
    jobs: int = 0,
    cluster: str = "",
    shown: bool = False,
) -> StudyFrame:
    """Replay a scenario at every point of what varies; one row a point.

    `scenario`: a scenario, or its TOML file. `vary`: values by parameter, such as
    `{"capacitor": "100uF:10mF:log:20", "policy": ["tile", "jit"]}`. `sample`: `grid`, `random:N` or `lhs:N`, drawn with
    `seed`. `hold`: `energy` or `volume`. `design`: `best` for each point, or `held` from the base scenario. `file`: the
    study file, to go on with if it exists; absent, nothing is kept. `jobs`: processes (0: one a core), or `cluster`:
    address of a dask scheduler. With more than one process a script needs `if __name__ == "__main__":`.

    Raises InputError for anything wrong with the study; a point that cannot be run is a row with its reason.
    """
    study = Study(
        scenario=_scenario(scenario),
        variations=tuple(make_variation(name, spec) for name, spec in vary.items()),
        sampling=parse_sampling(sample, seed),
        hold=_hold(hold),
        held=_held(design),
    )
    if file is not None:
        return run_study(study, file, jobs=jobs, cluster=cluster, shown=shown)
    with tempfile.TemporaryDirectory() as folder:
        return run_study(study, Path(folder) / "study.db", jobs=jobs, cluster=cluster, shown=shown)


def run_study(
    study: Study, file: Path | str, *, jobs: int = 0, cluster: str = "", again: bool = False, shown: bool = False
) -> StudyFrame:
    """Compute what a study file lacks (a new file where there is none), and read it.

    `again`: points that ended in an error too. `shown`: with a progress bar on stderr. KeyboardInterrupt leaves all
    that was done in the file. Raises InputError as `session.run_study`.
    """
    from simint.whatif.session import run_study as compute
    from simint.workers.pool import Where

    if compute(study, Path(file), Where(jobs, cluster), again=again, shown=shown).interrupted:
        raise KeyboardInterrupt
    return load_study(file)


def bisect(
    scenario: Scenario | Path | str,
    vary: Mapping[str, Spec],
    goal: str,
    *,
    largest: bool = False,
    tolerance: float = 0.01,
    scan: int = 9,
    hold: str | None = None,
    design: str = BEST,
    jobs: int = 1,
) -> tuple[Threshold, ...]:
    """The smallest (or `largest`) value of the first range in `vary` that meets `goal`, by group of the others.

    See `search.thresholds`; the other arguments are those of `whatif`.
    """
    from simint.whatif.search import make_search, thresholds
    from simint.workers.pool import Where

    search = make_search(
        _scenario(scenario),
        tuple(make_variation(name, spec) for name, spec in vary.items()),
        scan=scan,
        hold=_hold(hold),
        held=_held(design),
    )
    return thresholds(search, goal, largest=largest, tolerance=tolerance, where=Where(jobs))


def _scenario(given: Scenario | Path | str) -> Scenario:
    return given if isinstance(given, Scenario) else read_scenario(Path(given))


def _hold(text: str | None) -> Hold | None:
    if text is not None and text not in tuple(Hold):
        raise InputError(f"`hold` must be one of {', '.join(Hold)}, got {text!r}")
    return None if text is None else Hold(text)


def _held(design: str) -> bool:
    if design not in (BEST, HELD):
        raise InputError(f"`design` must be {BEST} or {HELD}, got {design!r}")
    return design == HELD
