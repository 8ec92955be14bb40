"""One-shot supernets: networks whose paths are all networks of a space, trained together to rank them by accuracy."""
