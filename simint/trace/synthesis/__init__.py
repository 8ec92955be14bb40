"""Generators of power traces: documented physical and statistical models, each driven by one seed."""
