"""Choices about masks that are data and need no torch: how many channels a group may have, where alphas begin.

A tile must divide its layer, so a count with few divisors is dear: on msp430fr5994 a 3 x 3 convolution of an 8 x 8 map
with 61 channels takes 17 times the energy of one with 64. Powers of two, times 1, 3 or 9, always tile well.
"""

from __future__ import annotations

import enum

LEAST_SHARE = 16  # a group keeps at least a sixteenth of its channels: of the weights between two groups 1/256


class Counts(enum.StrEnum):
    """`smooth`: see `smooth_counts`. `all`: every count, priced by interpolation between those of `smooth`."""

    SMOOTH = "smooth"
    ALL = "all"


class FirstAlphas(enum.StrEnum):
    """`rank`: evenly spaced from the threshold up to 1 by |batch norm scale|; `equal`: all 1, as published.

    With equal alphas whole layers cross the threshold at once.
    """

    RANK = "rank"
    EQUAL = "equal"


def smooth_counts(size: int) -> tuple[int, ...]:
    """2^a, 3 2^a and 9 2^a from a sixteenth of `size` on, and `size` itself, ascending."""
    least = -(-size // LEAST_SHARE)
    powers = [factor << shift for factor in (1, 3, 9) for shift in range(size.bit_length())]
    return tuple(sorted({size, *(count for count in powers if least <= count <= size)}))


def table_counts(size: int) -> tuple[int, ...]:
    """The smooth counts at which layers are priced: without 9 2^a, which lies between 8 2^a and 12 2^a."""
    smooth = smooth_counts(size)
    return tuple(count for count in smooth if count % 9 or count in (smooth[0], size))


def permitted_counts(size: int, counts: Counts, least_share: float = 0.0) -> tuple[int, ...]:
    """The counts a group of `size` channels may have, ascending; none below `least_share` of them."""
    smooth = [count for count in smooth_counts(size) if count >= least_share * size]
    return tuple(smooth) if counts is Counts.SMOOTH else tuple(range(smooth[0], size + 1))
