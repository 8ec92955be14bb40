"""What a search found, in words: for the terminal, and as the files of its folder."""

from __future__ import annotations

import math
from pathlib import Path

from nas.problem.evaluation import Evaluation
from nas.search.finals import Finals
from nas.search.folder import CONFIG, STORE
from nas.search.plot import draw_front
from nas.search.replaying import trace_word
from nas.search.session import SearchResult
from nas.search.spread import spread
from nas.search.tables import front_table, write_front
from nas.search.text_table import counted, figure
from nas.search.timing import Seconds
from simint.files import appearing_in

SHOWN = 16  # rows printed


def write_report(result: SearchResult, finals: Finals, folder: Path) -> None:
    """`front.csv`, `front.png` and `report.md`, beside the store and the configuration."""
    title = _title(result)
    with appearing_in(folder) as place:
        write_front(place / "front.csv", finals.front)
        draw_front(
            place / "front.png",
            title,
            result.prepared.judged.objectives,
            result.evaluations,
            [finalist.evaluation for finalist in finals.front],
        )
        (place / "report.md").write_text(_page(result, finals, title), encoding="utf-8")


def printed(result: SearchResult, finals: Finals, folder: Path) -> str:
    """What the command says."""
    parts = [_title(result), *_notes(result)]
    if finals.front:
        shown = set(spread([finalist.evaluation.genome for finalist in finals.front], SHOWN))
        replayed = {genome for stage in finals.rounds for genome in stage.genomes}
        kept = [finalist for finalist in finals.front if finalist.evaluation.genome in (replayed or shown)]
        parts.append(front_table(kept).aligned())
        if len(kept) < len(finals.front):
            parts.append(f"{len(kept)} of the {len(finals.front)} networks of the front; all are in front.csv")
    parts += [*_choice(result, finals), *_judgement(result, finals), seconds_line(result.seconds)]
    parts.append(f"{folder}: {STORE}, {CONFIG}, front.csv, front.png, report.md")
    return "\n".join(parts)


def seconds_line(seconds: Seconds) -> str:
    """Where the time went."""
    again = f", {figure(seconds.again)} s of measures taken from the store" if seconds.again else ""
    return (
        f"{figure(seconds.wall)} s: {figure(seconds.preparing)} s of preparation, {figure(seconds.measures)} s of "
        f"measures{again}; {seconds.networks:,} hardware evaluations took {figure(seconds.hardware, 3)} s, "
        f"{100 * seconds.hardware_share:.2g} % of what was computed"
    )


def _title(result: SearchResult) -> str:
    config, space = result.prepared.config, result.prepared.space
    front = 0 if result.finals is None else len(result.finals.front)
    return (
        f"{config.method} on space {space.name}: {counted(len(result.evaluations), 'network')} evaluated, "
        f"{front} on the front of {', '.join(config.objectives)}"
    )


def _notes(result: SearchResult) -> list[str]:
    prepared = result.prepared
    notes = [prepared.note] if prepared.note else []
    failed = [entry for entry in result.evaluations if entry.reason]
    if failed:
        notes.append(f"{len(failed)} could not be measured, the first because: {failed[0].reason}")
    asked = prepared.config.limits
    limits = (("latency", asked.latency, "s"), ("IMO", asked.imo, "%"), ("NVM", asked.nvm_bytes, "B"))
    asked_for = [f"{name} at most {value:g} {unit}" for name, value, unit in limits if value is not None]
    return [*notes, *([f"required: {', '.join(asked_for)}"] if asked_for else [])]


def _choice(result: SearchResult, finals: Finals) -> list[str]:
    """The network that the method returns, in one line."""
    if finals.choice is None:
        return []
    measured, costs = finals.choice.evaluation.measures, finals.choice.evaluation.costs
    replayed = figure(measured.inferences_per_day, 5)
    return [
        f"{result.prepared.config.method} returns {finals.choice.word}: accuracy {measured.accuracy_percent:.2f} %, "
        f"latency {figure(costs.latency_s)} s, IMO {figure(costs.imo_percent)} % ({figure(costs.overhead_s)} s)"
        + (f", {replayed} inferences a day" if replayed else "")
        + breach(result, finals.choice.evaluation)
    ]


def breach(result: SearchResult, choice: Evaluation) -> str:
    """What the network a method returns does not meet, to follow in a sentence; empty where it meets everything.

    The hardware-aware baseline knows continuous power only, so what it returns may miss what was required.
    """
    judged = result.prepared.judged
    if not math.isfinite(choice.costs.latency_s):
        return "; it cannot run under intermittent power"
    return "" if judged.requirements.met_by(choice.costs) else "; it does not meet the requirements"


def _judgement(result: SearchResult, finals: Finals) -> list[str]:
    if not finals.rounds:
        return []
    choice = result.prepared.config.replay
    traces = ", ".join(map(trace_word, choice.traces))
    agreements = [
        f"{before.fidelity} and {after.fidelity} {after.agreement:.3f}"
        for before, after in zip(finals.rounds, finals.rounds[1:], strict=False)
        if not math.isnan(after.agreement)
    ]
    return [
        f"replayed: {counted(len(finals.rounds[0].genomes), 'network')} under policy {choice.policy.name} on {traces}; "
        "inferences a day are the median over traces",
        f"agreement (Kendall's tau of the time an inference takes): {', '.join(agreements) or 'no order to compare'}",
    ]


def _page(result: SearchResult, finals: Finals, title: str) -> str:
    parts = [f"# {title}", *_notes(result), "![Front](front.png)", front_table(finals.front).markdown()]
    parts += [*_choice(result, finals), *_judgement(result, finals), seconds_line(result.seconds)]
    versions = [
        f"{name.removeprefix('version of ')} {value}"
        for name, value in result.prepared.inputs.items()
        if name.startswith("version")
    ]
    parts.append(f"Made by `python -m nas.search {CONFIG}` with {', '.join(versions)}.")
    return "\n\n".join(parts) + "\n"
