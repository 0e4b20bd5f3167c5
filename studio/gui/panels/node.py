"""To be written."""

from studio.gui.panel import Panel


class NodePanel(Panel):
    """To be written."""
