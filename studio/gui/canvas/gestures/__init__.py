"""What the mouse does on the canvas: one gesture, one small class with move, end and cancel."""
