"""Seeds that follow from one seed: for every stream of random numbers of a training, and for every network."""

from __future__ import annotations

import hashlib

import numpy as np


def stream_seed(seed: int, stream: int, number: int) -> int:
    """A seed below 2^63, as torch takes it, for the draws of one stream (weights, an epoch, ..) and a number in it."""
    state = np.random.SeedSequence([seed, stream, number]).generate_state(1, np.uint64)[0]
    return int(state) >> 1


def seed_of(word: str, seed: int) -> int:
    """A seed below 2^56 for one network that depends on nothing but its word and the seed of the search."""
    return int.from_bytes(hashlib.sha256(f"{seed} {word}".encode()).digest()[:7], "big")
