"""To be written."""

from studio.gui.panel import Panel


class PreviewPanel(Panel):
    """To be written."""
