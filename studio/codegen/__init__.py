"""A project -> the Python script that trains it, with a map from node to lines."""
