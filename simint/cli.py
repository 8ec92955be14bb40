"""What every command shares: a user's mistake is one line and exit code 2, never a traceback."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from simint.errors import InputError, SimintError

INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line like every other; parse inside `guarded`."""

    def error(self, message: str) -> NoReturn:
        """Raise InputError instead of printing the usage."""
        raise InputError(f"{message}; see {self.prog} --help")


def guarded(body: Callable[[], int]) -> int:
    """Run a command's body and turn a user's error into one line on stderr and exit code 2."""
    try:
        try:
            return body()
        finally:
            # A reader that went away (head, less) is noticed here, not by the interpreter at its exit.
            sys.stdout.flush()
    except SimintError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Not an error; what is still in the buffer goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def announce_compilation() -> None:
    """Say on stderr that the first run compiles, where nothing compiled lies beside the package yet."""
    if "NUMBA_CACHE_DIR" not in os.environ and not any(Path(__file__).parent.glob("physics/__pycache__/*.nbi")):
        print("compiling the kernels once, this takes a minute or two ...", file=sys.stderr)
