"""The style sheet, made from a theme's colours: what Qt's own widgets look like.

Widgets of our own say by an object name or the property `role` what they are.
"""

from __future__ import annotations

from string import Template

from studio.gui.look.tokens import Tokens
from studio.resources import ASSETS

_SHEET = Template("""
* { outline: 0; }
QToolTip { background: $panel; color: $text; border: 1px solid $hairline; padding: 6px 8px; }
QMainWindow, QDialog { background: $window; }
QMainWindow::separator { background: $hairline; width: 1px; height: 1px; }
QMainWindow::separator:hover { background: $accent; }
QDockWidget { border: 0; }
QDockWidget > QWidget { background: $panel; }
QDockWidget::title { background: $panel; padding: 8px 14px; }
QStatusBar { background: $panel; color: $muted; border-top: 1px solid $hairline; font-size: 11px; }
QStatusBar::item { border: 0; }
#bar { background: $panel; border-bottom: 1px solid $hairline; }
#canvasHead { background: $panel; border-bottom: 1px solid $hairline; }
#panel { background: $panel; }
#foot { background: $panel; border-top: 1px solid $hairline; }
#start { background: $window; }
#start QListView { background: transparent; }
#notice { background: $selection; border-bottom: 1px solid $hairline; }
#notice QPushButton[role="flat"] { padding: 0; }
#guide { background: $selection; border-bottom: 1px solid $hairline; }
#guide QPushButton[role="flat"] { padding: 0; }

QLabel { background: transparent; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="small"] { color: $muted; font-size: 11px; }
QLabel[role="group"] { color: $muted; font-size: 11px; font-weight: 600; }
QLabel[role="title"] { font-weight: 600; }
QLabel[role="heading"] { font-size: 20px; font-weight: 600; }
QLabel[role="value"] { font-family: "JetBrains Mono"; font-size: 12px; }
QLabel[role="warning"] { color: $warning; }
QLabel[role="error"] { color: $error; }
QLabel[role="good"] { color: $good; }
QFrame[role="line"] { background: $hairline; border: 0; max-height: 1px; min-height: 1px; }
QFrame[role="card"] { background: $panel; border: 1px solid $hairline; border-radius: 8px; }

QTabBar {
  background: $panel; border: 0;
  qproperty-drawBase: 0; qproperty-expanding: 0; qproperty-elideMode: ElideNone;
}
QTabBar::tab {
  background: transparent; color: $muted; border: 0; border-bottom: 2px solid transparent;
  padding: 0 12px; height: 32px; font-weight: 500;
}
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabBar::tab:focus { color: $accent; }
QTabBar::close-button { image: url($icons/x-$name.svg); }
QTabWidget::pane { border: 0; }

QPushButton, QToolButton {
  background: $chip; color: $text; border: 2px solid transparent; border-radius: 7px;
  padding: 4px 10px; min-height: 18px; font-weight: 500;
}
QToolButton { padding: 4px; }
QPushButton:hover, QToolButton:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed, QToolButton:checked { background: $selection; }
QPushButton:focus, QToolButton:focus { border: 2px solid $accent; }
QPushButton:disabled, QToolButton:disabled { color: $faint; }
QPushButton::menu-indicator, QToolButton::menu-indicator { image: none; width: 0; }
QPushButton[role="primary"] { background: $accent; color: $on_accent; }
QPushButton[role="primary"]:focus { border: 2px solid $text; }
QPushButton[role="primary"]:disabled { background: $chip; color: $faint; }
QPushButton[role="outline"] { background: $panel; border: 1px solid $hairline; padding: 5px 11px; }
QPushButton[role="outline"]:hover { background: $hover; }
QPushButton[role="outline"]:focus { border: 2px solid $accent; padding: 4px 10px; }
QPushButton[role="outline"][tone="warning"] { color: $warning; }
QPushButton[role="outline"][tone="error"] { color: $error; }
QPushButton[role="link"], QToolButton[role="link"] {
  background: transparent; color: $accent; padding: 2px 2px; text-align: left;
}
QPushButton[role="link"]:hover { text-decoration: underline; }
QPushButton[role="filter"] {
  background: transparent; color: $muted; padding: 2px 8px; border-radius: 6px;
}
QPushButton[role="filter"]:hover { background: $hover; color: $text; }
QPushButton[role="filter"]:checked { background: $chip; color: $text; }
QPushButton[role="flat"], QToolButton[role="flat"] { background: transparent; }
QPushButton[role="flat"]:hover, QToolButton[role="flat"]:hover { background: $hover; }
QToolButton[role="tiny"] { background: transparent; padding: 0; border: 0; min-height: 0; }
QToolButton[role="tiny"]:hover { background: $hover; }
QToolButton[role="link"] { padding: 0; border: 0; min-height: 0; font-size: 11px; }
QPushButton#more { font-weight: 400; font-size: 12px; margin-left: -4px; }
QPushButton#end { font-weight: 400; font-size: 12px; margin-right: -4px; }
QAbstractScrollArea::corner { background: transparent; border: 0; }
QPushButton[role="chip"] {
  background: $selection; color: $accent; font-family: "JetBrains Mono"; font-size: 12px;
  text-align: left;
}
QPushButton[role="flat"]:checked, QToolButton[role="flat"]:checked { background: $selection; }

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox {
  background: $field; color: $text; border: 1px solid $hairline; border-radius: 7px;
  padding: 0 9px; min-height: 28px; selection-background-color: $accent;
  selection-color: $on_accent;
}
QLineEdit:hover, QComboBox:hover, QSpinBox:hover, QDoubleSpinBox:hover { border-color: $edge; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus,
QComboBox:focus, QComboBox:on { border: 2px solid $accent; padding: 0 8px; min-height: 26px; }
QLineEdit:disabled, QComboBox:disabled { color: $faint; }
QLineEdit { placeholder-text-color: $muted; }
QComboBox { combobox-popup: 0; }
QComboBox[quiet="true"] { color: $muted; }
QComboBox[head="true"] { background: transparent; border-color: transparent; padding-left: 0; }
QLineEdit[role="value"], QComboBox[role="value"] {
  font-family: "JetBrains Mono"; font-size: 12px;
}
QLineEdit[wrong="true"], QComboBox[wrong="true"], QPlainTextEdit[wrong="true"] {
  border: 2px solid $error; padding: 0 8px; min-height: 26px;
}
QPlainTextEdit, QTextEdit { padding: 6px 8px; font-family: "JetBrains Mono"; font-size: 12px; }
QPlainTextEdit:focus, QTextEdit:focus { padding: 5px 7px; }
QPlainTextEdit[role="plain"], QTextEdit[role="plain"] {
  background: $panel; border: 0; border-radius: 0; padding: 8px 14px;
}
QComboBox::drop-down { border: 0; width: 24px; }
QComboBox::down-arrow { image: url($icons/chevron-down-$name.svg); width: 14px; height: 14px; }
QComboBox QAbstractItemView {
  background: $panel; color: $text; border: 1px solid $hairline; padding: 4px; outline: 0;
  selection-background-color: $selection; selection-color: $text;
}
QComboBox QAbstractItemView::item { min-height: 26px; padding: 0 6px; border-radius: 5px; }
QComboBox QAbstractItemView::item:selected { background: $selection; color: $text; }
QCheckBox { spacing: 8px; min-height: 24px; }
QCheckBox::indicator, QTableView::indicator {
  width: 16px; height: 16px; border: 1px solid $edge; border-radius: 4px; background: $field;
}
QCheckBox::indicator:checked, QTableView::indicator:checked {
  background: $accent; border-color: $accent; image: url($icons/check-$name.svg);
}
QCheckBox:focus { color: $accent; }
QCheckBox::indicator:focus { border: 2px solid $accent; }

QLineEdit QToolButton { background: transparent; border: 0; padding: 0; min-height: 0; }
#paletteField, #paletteField:focus {
  background: transparent; border: 0; padding: 0 8px; font-size: 14px; min-height: 42px;
}
#inPlace, #inPlace:focus { min-height: 20px; padding: 0 6px; border-radius: 5px; }
#offers { border: 1px solid $hairline; padding: 4px; }
QListView[role="clear"] { background: transparent; }
QListView, QTreeView, QTableView {
  background: $panel; color: $text; border: 0; outline: 0; alternate-background-color: $panel;
  selection-background-color: $selection; selection-color: $text;
}
QListView::item, QTreeView::item { height: 28px; border-radius: 6px; padding: 0 6px; }
QListView::item:hover, QTreeView::item:hover { background: $hover; }
QListView::item:selected, QTreeView::item:selected { background: $selection; color: $text; }
QTreeView::branch, QTreeView::branch:selected { background: $panel; }
QTreeView::branch:has-children:closed { image: url($icons/chevron-right-$name.svg); }
QTreeView::branch:has-children:open { image: url($icons/chevron-down-$name.svg); }
QHeaderView { background: $panel; border: 0; }
QHeaderView::section {
  background: $panel; color: $muted; border: 0; border-bottom: 1px solid $hairline;
  padding: 6px 8px; font-size: 11px; font-weight: 600;
}
QTableView { gridline-color: $hairline; }
QTableView::item { padding: 0 8px; border: 0; }

QMenu {
  background: $panel; color: $text; border: 1px solid $hairline; padding: 6px;
}
QMenu::item { padding: 6px 28px 6px 10px; border-radius: 5px; }
QMenu::item:selected { background: $selection; }
QMenu::item:disabled { color: $faint; }
QMenu::separator { height: 1px; background: $hairline; margin: 5px 6px; }
QMenu::icon { padding-left: 8px; }
QMenu::icon:checked { background: $selection; border: 1px solid $accent; border-radius: 4px; }
QMenuBar { background: $panel; }
QMenuBar::item { padding: 6px 10px; background: transparent; border-radius: 5px; }
QMenuBar::item:selected { background: $selection; }

QScrollArea { background: transparent; border: 0; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $edge; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QSlider { min-height: 20px; background: transparent; }
QSlider::groove:horizontal { background: $chip; height: 4px; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; height: 4px; border-radius: 2px; }
QSlider::handle:horizontal {
  background: $panel; border: 2px solid $accent; width: 10px; margin: -5px 0; border-radius: 7px;
}
QSlider::handle:horizontal:focus { background: $accent; }
QSplitter::handle { background: $hairline; }
QProgressBar {
  background: $chip; border: 0; border-radius: 3px; max-height: 6px; min-height: 6px;
}
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QGraphicsView { border: 0; background: $canvas; }
""")


def style_sheet(tokens: Tokens) -> str:
    """The style sheet of a theme."""
    colours = {name: getattr(tokens, name) for name in tokens.__struct_fields__}
    return _SHEET.substitute(colours, icons=(ASSETS / "icons").as_posix())
