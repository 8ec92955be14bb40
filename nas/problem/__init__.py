"""The one definition of a search problem that every method works on."""
