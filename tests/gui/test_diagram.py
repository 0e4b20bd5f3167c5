"""A graph as a picture in a file: what the canvas shows, without a window."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtGui import QImage

from studio.graph.file import load
from studio.graph.problems import StudioError
from studio.gui.diagram import MOST, write_diagram
from studio.resources import TEMPLATES

FOLDER = TEMPLATES / "two_inputs_two_outputs"
TEXT = "{http://www.w3.org/2000/svg}text"


def test_an_svg_has_every_node_with_its_shapes(qapp, tmp_path: Path):
    project = load(FOLDER / "project.json")
    write_diagram(project, FOLDER, "model", tmp_path / "model.svg")
    root = ElementTree.fromstring((tmp_path / "model.svg").read_bytes())
    texts = {each.text for each in root.iter(TEXT)}
    assert {*project.model.nodes, "Concatenate", "(·, 7)"} <= texts
    families = {each.get("font-family") for each in root.iter(TEXT)}
    assert families == {"Inter, sans-serif", "JetBrains Mono, monospace"}


def test_a_png_is_as_sharp_as_it_is_told_and_never_huge(qapp, tmp_path: Path):
    project = load(FOLDER / "project.json")
    sizes = []
    for sharp in (1, 2, 1000):
        write_diagram(project, FOLDER, "data", tmp_path / "data.png", sharp)
        image = QImage(str(tmp_path / "data.png"))
        sizes.append(image.size())
        colours = {image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, 300, 7)}
        assert len(colours) > 10
    assert sizes[1].width() == pytest.approx(2 * sizes[0].width(), abs=1)
    assert max(sizes[2].width(), sizes[2].height()) == MOST


def test_what_cannot_be_drawn_is_said(qapp, tmp_path: Path):
    project = load(FOLDER / "project.json")
    for graph, file, words in (
        ("modle", "a.svg", 'no graph "modle". Did you mean "model"'),
        ("model", "a.gif", r"ends in \.svg or \.png"),
        ("model", "lost/a.svg", "can't be written"),
    ):
        with pytest.raises(StudioError, match=words):
            write_diagram(project, FOLDER, graph, tmp_path / file)
    assert list(tmp_path.iterdir()) == []


def test_the_command_needs_no_screen_and_no_sound_project(tmp_path: Path):
    value = json.loads((FOLDER / "project.json").read_text())
    hidden = next(node for node in value["model"]["nodes"] if node["id"] == "hidden")
    hidden["params"]["units"] = -3  # drawn with its problem
    (tmp_path / "project.json").write_text(json.dumps(value))
    command = [sys.executable, "-m", "studio", "diagram", str(tmp_path), "-o"]
    done = subprocess.run(
        [*command, str(tmp_path / "model.svg")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert b"hidden" in (tmp_path / "model.svg").read_bytes()
