"""Readers of power traces, one file format each; `simint.trace.load` chooses between them."""
