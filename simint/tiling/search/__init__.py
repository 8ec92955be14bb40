"""The search for the best designs of the published model, compiled."""
