"""Where torch computes, and on how many threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from simint.errors import InputError

DEVICES = ("cpu", "cuda", "auto")


def chosen_device(name: str) -> torch.device:
    """`cpu`, `cuda` or `cuda:N`; `auto` is a GPU if there is one. InputError where there is no such device."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, number = name.partition(":")
    if kind not in ("cpu", "cuda") or (number and not (kind == "cuda" and number.isdecimal())):
        raise InputError(f"device {name!r}: {', '.join(DEVICES)} or cuda:N expected")
    if kind == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if int(number or 0) >= count:
            raise InputError(f"device {name!r}: torch finds {count} GPUs; use cpu")
    return torch.device(name)


def device_of(module: nn.Module) -> torch.device:
    """Where a module computes."""
    weight = next(module.parameters(), None)
    return torch.device("cpu") if weight is None else weight.device


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Compute on so many threads inside the block.

    One is right for these networks: a second one saves a tenth, and threads that wait for each other on a busy machine
    cost a factor.
    """
    if count < 1:
        raise InputError(f"threads: at least 1, got {count}")
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
