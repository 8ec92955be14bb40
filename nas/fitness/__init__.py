"""What a network is worth, from sums of tables to replays of power traces: fidelities, and promotion through them."""
