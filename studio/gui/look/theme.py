"""The theme in force: applied to the application as palette, fonts and style sheet."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from studio.gui.look.sheet import style_sheet
from studio.gui.look.tokens import DARK, LIGHT, THEMES, Tokens
from studio.resources import ASSETS

CHOICES = ("system", "light", "dark")
SANS, MONO = "Inter", "JetBrains Mono"


class Theme(QObject):
    """The colours in force. `changed` is emitted when they change; widgets that paint repaint then.

    There is one, `theme` below: colours belong to the application, as its palette does.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.tokens: Tokens = LIGHT
        self.choice = "system"
        self._following = False

    def apply(self, choice: str = "system") -> None:
        """Gives the application a theme: light, dark, or what the system has."""
        application = QApplication.instance()
        self.choice = choice if choice in CHOICES else "system"
        if not self._following:
            self._following = True
            QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)
        self.tokens = THEMES.get(self.choice) or (DARK if _system_is_dark() else LIGHT)
        application.setStyle("Fusion")
        application.setPalette(_palette(self.tokens))
        application.setFont(sans())
        application.setStyleSheet(style_sheet(self.tokens))
        self.changed.emit()

    def _system_changed(self) -> None:
        if self.choice == "system":
            self.apply("system")

    def color(self, name: str, alpha: int = 255) -> QColor:
        """A colour of the theme by its token's name."""
        color = QColor(getattr(self.tokens, name))
        color.setAlpha(alpha)
        return color


theme = Theme()


def _system_is_dark() -> bool:
    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


def load_fonts() -> None:
    """Registers the fonts that Studio brings; once an application."""
    for path in sorted((ASSETS / "fonts").glob("*.[ot]tf")):
        QFontDatabase.addApplicationFont(str(path))


def sans(pixels: int = 13, weight: int = 400) -> QFont:
    """The font of the interface."""
    return _font(SANS, pixels, weight)


def mono(pixels: int = 12) -> QFont:
    """The font of values, shapes and code."""
    return _font(MONO, pixels, 400)


def _font(family: str, pixels: int, weight: int) -> QFont:
    font = QFont(family)
    font.setPixelSize(pixels)
    font.setWeight(QFont.Weight(weight))
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def _palette(t: Tokens) -> QPalette:
    roles = {
        QPalette.ColorRole.Window: t.window,
        QPalette.ColorRole.WindowText: t.text,
        QPalette.ColorRole.Base: t.panel,
        QPalette.ColorRole.AlternateBase: t.field,
        QPalette.ColorRole.Text: t.text,
        QPalette.ColorRole.PlaceholderText: t.muted,
        QPalette.ColorRole.Button: t.chip,
        QPalette.ColorRole.ButtonText: t.text,
        QPalette.ColorRole.ToolTipBase: t.panel,
        QPalette.ColorRole.ToolTipText: t.text,
        QPalette.ColorRole.Highlight: t.accent,
        QPalette.ColorRole.HighlightedText: t.on_accent,
        QPalette.ColorRole.Link: t.accent,
        QPalette.ColorRole.LinkVisited: t.accent,
        QPalette.ColorRole.Accent: t.accent,
        QPalette.ColorRole.Light: t.hairline,
        QPalette.ColorRole.Midlight: t.hairline,
        QPalette.ColorRole.Mid: t.hairline,
        QPalette.ColorRole.Dark: t.edge,
        QPalette.ColorRole.Shadow: t.shadow,
        QPalette.ColorRole.BrightText: t.error,
    }
    palette = QPalette()
    for role, color in roles.items():
        palette.setColor(role, QColor(color))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
    ):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(t.faint))
    return palette
