"""Method `dnas` as a command: its configuration, points, replays and report."""
