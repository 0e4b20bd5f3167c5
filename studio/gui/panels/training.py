"""To be written."""

from studio.gui.panel import Panel


class TrainingPanel(Panel):
    """To be written."""
