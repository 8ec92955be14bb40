"""Running a search: its method, its evaluations on many workers and in a store, its report, and the command."""
