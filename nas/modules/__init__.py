"""Torch modules of any layer list: operators, activations, initialisation, batch-norm statistics."""
