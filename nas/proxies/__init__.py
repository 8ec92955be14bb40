"""Training-free proxies: numbers of an untrained network that may tell how accurate it will be."""
