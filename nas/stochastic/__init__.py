"""Stochastic computing: networks whose products are gates on streams of bits, their noise and their energy."""
