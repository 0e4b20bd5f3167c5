"""To be written."""

from studio.gui.panel import Panel


class RunsPanel(Panel):
    """To be written."""
