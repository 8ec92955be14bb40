"""Variants and settings of TiNAS as data (artefact github.com/EMCLab-Sinica/TiNAS, 16e5c14b; specification D)."""

from __future__ import annotations

from dataclasses import dataclass

from nas.methods.tinas.scores import Score
from simint.errors import InputError


@dataclass(frozen=True, slots=True)
class Variant:
    """What differs between the published variants.

    `limits_imo`: IMO is required in both stages. `reduced`: guideline G1, a smaller space. `adaptive`: guideline G2,
    mutation that favours the first block until it stops to help.
    """

    name: str
    limits_imo: bool
    reduced: bool
    adaptive: bool
    score: Score


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("tinas", False, True, True, Score.ACC_IMO_LREQ),
        Variant("tinas-m", True, False, False, Score.ACC_IMO_LREQ),
        Variant("tinas-u", False, False, False, Score.ACC_LREQ),
        Variant("tinas-g1", False, True, False, Score.ACC_IMO_LREQ),
        Variant("tinas-g2", False, False, True, Score.ACC_IMO_LREQ),
    )
}


def variant(name: str) -> Variant:
    """A variant by name; InputError names those there are."""
    if name not in VARIANTS:
        raise InputError(f"unknown variant of TiNAS {name!r}; known: {', '.join(VARIANTS)}")
    return VARIANTS[name]


@dataclass(frozen=True, slots=True)
class TinasSettings:
    """Sizes and probabilities of the evolutionary search.

    `population` P children a generation, `generations` G; the best `parent_share` of P survive and `mutant_share` of
    the children are mutants, the others crossovers. A block mutates with probability `exploitation`; with `adaptive`
    mutation with those of `exploration` (first block, every later one) at first.
    """

    population: int = 8
    generations: int = 15
    parent_share: float = 0.2
    mutant_share: float = 0.5
    exploitation: float = 0.15
    exploration: tuple[float, float] = (0.50, 0.15)

    def __post_init__(self) -> None:
        if self.population < 1 or self.generations < 0:
            raise InputError("TiNAS: population at least 1 and generations at least 0 expected")
        shares = (self.parent_share, self.mutant_share, self.exploitation, *self.exploration)
        if not all(0 <= share <= 1 for share in shares):
            raise InputError("TiNAS: shares and probabilities must be 0 to 1")

    @property
    def parents(self) -> int:
        """Individuals of a generation that survive and have children."""
        return max(1, round(self.parent_share * self.population))

    @property
    def mutants(self) -> int:
        """Children of a generation that are mutants."""
        return round(self.mutant_share * self.population)

    @property
    def evaluations(self) -> int:
        """Networks measured by a whole search."""
        return self.population * (1 + self.generations)


# Data sets of the artefact. What it does not list is searched with the settings of HAR, the smallest of them.
PUBLISHED = {
    "cifar10": TinasSettings(exploitation=0.05, exploration=(0.20, 0.05)),
    "har": TinasSettings(),
    "mswc": TinasSettings(generations=35),
}


def settings_for(data_set: str) -> TinasSettings:
    """The published settings of a data set, those of HAR for others."""
    return PUBLISHED.get(data_set, PUBLISHED["har"])


@dataclass(frozen=True, slots=True)
class Quirks:
    """Defects of the published search; all off is the search as mended.

    `repeats`: offspring may be copies of networks measured before. `unranked_end`: the children of the last generation
    are measured and never compared with the best. `forgetful`: the switch of G2 is taken back by a later improvement,
    as in the released multi-process execution.
    """

    repeats: bool = False
    unranked_end: bool = False
    forgetful: bool = False


MENDED = Quirks()
AS_PUBLISHED = Quirks(repeats=True, unranked_end=True, forgetful=True)
