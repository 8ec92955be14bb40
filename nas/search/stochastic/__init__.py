"""Method `sc-nas` as a command: its configuration, stages over a store, and report."""
