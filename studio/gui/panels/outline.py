"""To be written."""

from studio.gui.panel import Panel


class OutlinePanel(Panel):
    """To be written."""
