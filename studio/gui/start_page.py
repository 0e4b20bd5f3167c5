"""What is shown without a project: recent ones, and the templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from studio.gui.window import Window


class StartPage(QWidget):
    """The page of a window without a project."""

    def __init__(self, window: Window):
        super().__init__()
        box = QVBoxLayout(self)
        box.setAlignment(Qt.AlignmentFlag.AlignCenter)
        title = QLabel("Studio")
        title.setProperty("role", "heading")
        box.addWidget(title)
        button = QPushButton("Open a project")
        button.clicked.connect(lambda: window.run_command("file.open"))
        box.addWidget(button)
