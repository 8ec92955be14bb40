"""Every evaluation of a search in one SQLite file, with a hash of everything it depends on."""
