"""simint: a discrete-event simulator of intermittently powered computers running neural networks."""
