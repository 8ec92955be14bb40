"""What TiNAS makes large: published scores of accuracy, IMO and latency.

The factor latency over requirement rewards using up the latency that is allowed; scores are for reproduction, a
Pareto search needs none.
"""

from __future__ import annotations

import enum
import math

from nas.problem.evaluation import Evaluation


class Score(enum.StrEnum):
    """The scores of the artefact, by its names."""

    ACC = "ACC"
    ACC_IMC = "ACC_IMC"
    ACC_IMO_LREQ = "ACC_IMO_LREQ"
    ACC_LREQ = "ACC_LREQ"

    @property
    def needs_latency(self) -> bool:
        """Whether it is relative to a latency requirement."""
        return self in (Score.ACC_IMO_LREQ, Score.ACC_LREQ)


def score(kind: Score, accuracy_percent: float, imo_percent: float, latency_s: float, latency_limit_s: float) -> float:
    """The score; accuracy and IMO in percent."""
    share = latency_s / latency_limit_s
    match kind:
        case Score.ACC:
            return accuracy_percent
        case Score.ACC_IMC:
            return accuracy_percent / imo_percent
        case Score.ACC_IMO_LREQ:
            return accuracy_percent / imo_percent * share
        case Score.ACC_LREQ:
            return accuracy_percent * share


def score_of(kind: Score, evaluation: Evaluation, latency_limit_s: float) -> float:
    """The score of a candidate; minus infinity for one that could not be measured."""
    costs = evaluation.costs
    found = score(kind, evaluation.measures.accuracy_percent, costs.imo_percent, costs.latency_s, latency_limit_s)
    return -math.inf if math.isnan(found) else found
