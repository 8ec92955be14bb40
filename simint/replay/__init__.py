"""Replay a power trace on a device that runs a network: `replay(scenario)`, and the command."""

from simint.replay.case import Replay, replay

__all__ = ["Replay", "replay"]
