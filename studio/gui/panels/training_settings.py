"""To be written."""

from studio.gui.panel import Panel


class TrainingSettingsPanel(Panel):
    """To be written."""
