"""To be written."""

from studio.gui.panel import Panel


class LogPanel(Panel):
    """To be written."""
