"""The books of a run as lists of shares that add up to one."""

from __future__ import annotations

from dataclasses import dataclass

from simint.engine.run import EnergyBook, TimeBook


@dataclass(frozen=True, slots=True)
class Share:
    """One term of a book: what it is, how much (J or s), and its share of the whole."""

    label: str
    amount: float
    share: float


def energy_shares(book: EnergyBook) -> tuple[Share, ...]:
    """Where the energy went: every use, and what the capacitor gained.

    Shares are of all that came in: the harvest, and what the capacitor lost between start and end where it lost any.
    """
    terms = (
        ("fetch operands", book.fetch),
        ("compute", book.compute),
        ("write back outputs", book.write_back),
        ("progress index", book.index),
        ("checkpoint", book.checkpoint),
        ("peripheral tasks", book.peripheral),
        ("boot", book.boot),
        ("restore", book.restore),
        ("lost work", book.lost),
        ("sleep", book.sleep),
        ("front-end loss", book.frontend_loss),
        ("spilled at the clamp", book.spilled),
        ("leaked", book.leaked),
        ("lost in the capacitor's series resistance", book.esr_loss),
        ("lost switching banks", book.switch_loss),
        ("quiescent", book.quiescent),
        ("regulator loss", book.regulator_loss),
        ("stored in the capacitor", max(book.stored_delta, 0.0)),
    )
    return _shares(terms, income_j(book))


def income_j(book: EnergyBook) -> float:
    """All that came in: the harvest, and what the capacitor gave where it ended lower than it started."""
    return book.harvested + max(-book.stored_delta, 0.0)


def time_shares(book: TimeBook) -> tuple[Share, ...]:
    """Where the time went, as shares of the run."""
    terms = (
        ("off (recharge)", book.off),
        ("fetch and compute", book.useful),
        ("write back outputs", book.write_back),
        ("progress index", book.index),
        ("checkpoint", book.checkpoint),
        ("peripheral tasks", book.peripheral),
        ("boot", book.boot),
        ("restore", book.restore),
        ("lost work", book.lost),
        ("sleep", book.sleep),
    )
    return _shares(terms, book.total)


def _shares(terms: tuple[tuple[str, float], ...], whole: float) -> tuple[Share, ...]:
    return tuple(Share(label, amount, amount / whole if whole > 0 else 0.0) for label, amount in terms)
