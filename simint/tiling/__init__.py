"""Tiles: legal execution designs, what they cost, which is best, and the loop nest that runs them."""
