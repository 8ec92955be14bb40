"""Training one network: settings, the loop with its checkpoints, model files, and the command `python -m nas.train`."""
