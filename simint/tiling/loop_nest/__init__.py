"""The literal loop nest: from a network and its designs to the schedule the engine executes."""
