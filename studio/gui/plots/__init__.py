"""Plots of a run's metrics; pyqtgraph and NumPy come with them: import them late."""
