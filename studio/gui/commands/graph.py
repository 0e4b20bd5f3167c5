"""What is done to nodes and edges."""
