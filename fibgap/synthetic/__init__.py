"""The simulator: structures, their milling, volumes to learn from."""
