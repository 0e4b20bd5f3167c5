"""To be written."""

from studio.gui.panel import Panel


class ProblemsPanel(Panel):
    """To be written."""
