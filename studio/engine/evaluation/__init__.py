"""What a trained model gets right and wrong, found in a process of its own (`__main__.py`)."""
