"""What was published with TiNAS: requirements, the decisions of its first stage, and the scores of what it found.

Source: artefact github.com/EMCLab-Sinica/TiNAS (16e5c14b), settings and solutions; 5 mF unless said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from nas.space.mbconv_space import NetworkSetting


@dataclass(frozen=True, slots=True)
class Asked:
    """Requirements of a space on a capacitor (farad): a latency, and the IMO that goes with it in TiNAS-M.

    They are percentiles of samples: `latency_percentile` of the pooled latencies, `imo_percentile` of the pooled IMOs;
    NaN where none was published.
    """

    space: str
    capacitance: float
    latency_percentile: int
    latency_s: float
    imo_percentile: float = math.nan
    imo_percent: float = math.nan


REQUIREMENTS = (
    Asked("cifar10", 5e-3, 25, 248.48058414935332, 2, 29.94382570620987),
    Asked("cifar10", 5e-3, 75, 419.396478810978, 2, 29.94382570620987),
    Asked("cifar10", 470e-6, 25, 257.6389944026806, 2, 35.042008065774),
    Asked("cifar10", 470e-6, 75, 433.01572343144795, 2, 35.042008065774),
    Asked("cifar10", 100e-6, 25, 414.3311847126409, 2, 64.73505927494118),
    Asked("cifar10", 100e-6, 75, 729.8384286223587, 2, 64.73505927494118),
    Asked("har", 5e-3, 25, 18.53157244307734, 46, 57.330044787415446),
    Asked("har", 5e-3, 75, 33.78383099809874, 4, 51.048509299907224),
    Asked("mswc", 5e-3, 25, 2326.3943593950657, 20, 35.819237399704534),
    Asked("mswc", 5e-3, 75, 6398.202403617421, 4, 29.02610640588864),
)


@dataclass(frozen=True, slots=True)
class Solution:
    """A published network: preset, variant, setting chosen in the first stage, supernet accuracy and search score."""

    preset: str
    variant: str
    space: str
    latency_percentile: int
    setting: NetworkSetting
    accuracy_percent: float
    score: float


def _solution(
    variant: str, space: str, percentile: int, width: float, resolution: int, accuracy: float, score: float
) -> Solution:
    preset = f"{variant}-{space}-l{percentile}"
    return Solution(preset, variant, space, percentile, NetworkSetting(width, resolution), accuracy, score)


SOLUTIONS = (
    _solution("tinas", "cifar10", 25, 0.6, 32, 56.41000061035156, 1.5786246065266034),
    _solution("tinas-m", "cifar10", 25, 0.2, 32, 33.02000064849854, 1.192748417801748),
    _solution("tinas-u", "cifar10", 25, 1.0, 28, 42.490001106262206, 39.27802955135142),
    _solution("tinas", "cifar10", 75, 1.0, 32, 61.96000099182129, 1.7490163985174434),
    _solution("tinas-m", "cifar10", 75, 0.2, 32, 35.720000648498534, 1.1835816724357122),
    _solution("tinas-u", "cifar10", 75, 1.0, 32, 45.36000061035156, 45.35963649816761),
    _solution("tinas", "har", 25, 1.0, 64, 74.51645741431965, 1.2556985263473688),
    _solution("tinas-m", "har", 25, 0.7, 64, 68.57821513403461, 1.1943311859868937),
    _solution("tinas-u", "har", 25, 1.0, 64, 62.26671191041737, 61.4927780110291),
    _solution("tinas", "har", 75, 1.0, 128, 78.07940278249067, 1.4116820492412314),
    _solution("tinas-m", "har", 75, 0.6, 128, 62.198846284356975, 1.0270841010503924),
    _solution("tinas-u", "har", 75, 1.0, 128, 60.298608754665764, 57.479856918285364),
)


def asked_of(space: str, latency_percentile: int, capacitance: float = 5e-3) -> Asked | None:
    """The published requirements of a space; None where there are none."""
    return next(
        (
            entry
            for entry in REQUIREMENTS
            if entry.space == space
            and entry.latency_percentile == latency_percentile
            and math.isclose(entry.capacitance, capacitance, rel_tol=1e-9)
        ),
        None,
    )
