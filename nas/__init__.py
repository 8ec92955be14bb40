"""Neural architecture search for intermittently powered devices: search spaces, their costs, and methods over them."""
