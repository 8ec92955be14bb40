"""The whole front in one run: NSGA-II, and the random and local search it has to beat."""
