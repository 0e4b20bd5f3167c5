"""To be written."""

from studio.gui.panel import Panel


class LibraryPanel(Panel):
    """To be written."""
