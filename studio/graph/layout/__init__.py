"""Where nodes stand: layered layout, the place of a new node, and what a dragged one snaps to."""
