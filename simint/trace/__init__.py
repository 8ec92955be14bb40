"""Power traces: what a harvester offers over time, where it comes from, and what its numbers are."""
