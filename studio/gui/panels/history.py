"""To be written."""

from studio.gui.panel import Panel


class HistoryPanel(Panel):
    """To be written."""
