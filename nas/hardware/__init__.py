"""What networks cost on a platform: the hardware models that searches over a space ask, and prices of any network."""
