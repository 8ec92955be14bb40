"""Consistent mode: a layer in closed form, and the search for its best design."""
