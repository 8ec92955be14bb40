"""What every command shares: a user's mistake is one line and exit code 2, never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from simint.errors import SimintError

INTERRUPTED = 130


def guarded(body: Callable[[], int]) -> int:
    """Run a command's body and turn a user's error into one line on stderr and exit code 2."""
    try:
        return body()
    except SimintError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) went away: not an error; keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
