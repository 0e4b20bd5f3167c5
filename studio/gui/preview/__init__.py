"""Samples of the data: asked of the warm process, and drawn."""
