"""What-if studies: what varies, where results go, how points run.

`whatif(...)` asks a study and gives its table; `run_study` computes what a study file lacks, `load_study` reads one.
"""

from simint.whatif.ask import bisect, run_study, whatif
from simint.whatif.frame import StudyFrame, load_study
from simint.whatif.study import Hold, Method, Sampling, Study
from simint.whatif.variation import Range, Variation, make_variation, parse_variation

__all__ = [
    "Hold",
    "Method",
    "Range",
    "Sampling",
    "Study",
    "StudyFrame",
    "Variation",
    "bisect",
    "load_study",
    "make_variation",
    "parse_variation",
    "run_study",
    "whatif",
]
