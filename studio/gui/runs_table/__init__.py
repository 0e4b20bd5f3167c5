"""The parts of the Runs panel: its columns, its filter, small curves, overlays, comparisons."""
