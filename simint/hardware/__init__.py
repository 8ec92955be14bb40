"""Hardware: platforms, supplies and their cited presets."""
