"""A network that fills whole gaps: it sees the slices around one, and corrects all layers in it."""
