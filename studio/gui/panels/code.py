"""To be written."""

from studio.gui.panel import Panel


class CodePanel(Panel):
    """To be written."""
