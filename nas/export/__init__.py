"""Trained networks for a device: 16-bit fixed point, execution designs, and `python -m nas.export`."""
