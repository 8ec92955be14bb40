"""Networks that searches found, next to the published ones, under one cost model and the same replays."""
