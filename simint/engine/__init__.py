"""Engines: they carry a schedule through a power trace under a recovery policy, and keep the books."""
