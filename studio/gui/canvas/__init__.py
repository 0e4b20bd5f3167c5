"""The canvas: a graph as nodes and edges that can be drawn, moved and connected."""
