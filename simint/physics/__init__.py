"""The storage node: everything that hangs on the capacitor, solved without a time step."""
