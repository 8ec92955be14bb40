"""The errors a user can cause; every command prints one in a single line and exits with 2."""


class SimintError(Exception):
    """Base of all errors that are the caller's to mend (bad input, impossible request)."""


class InputError(SimintError):
    """An input is wrong: the message says what, where (file, line or field) and what is allowed."""


class InfeasibleError(SimintError):
    """A well-formed request has no solution, for instance a layer without a legal tile."""


class LedgerError(SimintError):
    """The books of a run do not close: a defect of the simulator, never of the input."""
