"""The compiled engine: the state machine of `simint.engine.device` as a flat loop over arrays."""
