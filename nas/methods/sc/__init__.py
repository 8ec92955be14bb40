"""SC-NAS: networks and the stochastic hardware they run on, searched together behind an analytic energy gate."""
