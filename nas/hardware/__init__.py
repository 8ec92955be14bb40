"""What networks of a space cost on a platform: the hardware models that searches ask."""
