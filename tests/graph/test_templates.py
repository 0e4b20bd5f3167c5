"""A copy of a template: what is written into it, and that a half one doesn't stay."""

from __future__ import annotations

import csv
import gzip
import re
import subprocess
import sys
import zlib
from collections import Counter
from pathlib import Path

import pytest

from studio.graph import sample_images, templates
from studio.graph.problems import StudioError
from studio.resources import TEMPLATES
from tests.conftest import ROOT
from tests.templates import NAMES, template_folder


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_is_the_template_and_what_is_written_into_it(name) -> None:
    made = files(template_folder(name))
    own = tuple(f"{place}/" for place in templates.WRITTEN.get(name, ()))
    kept = {path: content for path, content in made.items() if not path.startswith(own)}
    assert kept == files(TEMPLATES / name)
    assert all(any(path.startswith(place) for path in made) for place in own)


def test_what_is_written_is_of_templates_that_there_are() -> None:
    assert set(templates.WRITTEN) <= set(NAMES)


def test_each_digit_of_the_table_is_an_image_in_the_folder_of_its_class() -> None:
    with gzip.open(sample_images.DIGITS, "rt") as file:
        _, *rows = csv.reader(file)
    made = files(template_folder("images_from_folder") / "digits")
    assert set(made) == {f"{row[-1]}/{number:04}.png" for number, row in enumerate(rows, 1)}
    assert Counter(path[0] for path in made) == Counter(row[-1] for row in rows)


def chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    """The parts of a PNG file, whose checksums are right."""
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    found, at = [], 8
    while at < len(content):
        end = at + 8 + int.from_bytes(content[at : at + 4])
        found.append((content[at + 4 : at + 8], content[at + 8 : end]))
        assert zlib.crc32(content[at + 4 : end]) == int.from_bytes(content[end : end + 4])
        at = end + 4
    return found


def test_a_png_has_its_parts_with_their_checksums() -> None:
    (_, head), (_, packed), _ = made = chunks(sample_images.png(bytes(range(6)), 3))
    assert [kind for kind, _ in made] == [b"IHDR", b"IDAT", b"IEND"]
    assert head == bytes((0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 0, 0))
    assert zlib.decompress(packed) == bytes((0, 0, 1, 2, 0, 3, 4, 5))


# Half of the packed table: some hundred images are written before its end is missed.
HALF = 30_000


@pytest.fixture
def cut(tmp_path, monkeypatch) -> None:
    """The sample data is damaged: cut off in its middle."""
    half = tmp_path / "half.csv.gz"
    half.write_bytes(sample_images.DIGITS.read_bytes()[:HALF])
    monkeypatch.setattr(sample_images, "DIGITS", half)


@pytest.mark.parametrize("there", ["nothing", "a folder"])
def test_a_copy_that_fails_half_way_leaves_what_was_there(there, cut, tmp_path) -> None:
    folder = tmp_path / "new" / "mine"
    if there == "a folder":
        folder.mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StudioError, match="mine can't be made: Compressed file ended before"):
        templates.copy("images_from_folder", folder)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_written_before_the_failure_are_images(cut, tmp_path) -> None:
    with pytest.raises(EOFError):
        sample_images.write_digits(tmp_path / "digits")
    assert 100 < len(files(tmp_path / "digits")) < 1700


def test_what_can_not_be_removed_is_said(cut, tmp_path, monkeypatch) -> None:
    """Somebody else puts a file beside the project while it is made."""

    def write(folder: Path) -> None:
        (folder.parent.parent / "theirs.txt").write_text("mine")
        sample_images.write_digits(folder)

    monkeypatch.setitem(templates.WRITTEN, "images_from_folder", {"digits": write})
    with pytest.raises(StudioError) as failed:
        templates.copy("images_from_folder", tmp_path / "new" / "project")
    assert re.search(r"can't be removed \(.*not empty\): do so by hand\.$", str(failed.value))
    assert list(files(tmp_path / "new")) == ["theirs.txt"]


@pytest.mark.parametrize("name", ["images_from_folder", "tfrecord_digits", "sunspots"])
def test_a_disk_that_is_full_leaves_an_empty_folder(name, small_disk) -> None:
    (small_disk / "fills").write_bytes(bytes(48 * 1024))
    folder = small_disk / "project"
    folder.mkdir()
    if name == "sunspots":  # is small enough
        assert templates.copy(name, folder).is_file()
        return
    with pytest.raises(StudioError, match=r"project can't be made: .*No space left"):
        templates.copy(name, folder)
    assert sorted(path.name for path in small_disk.rglob("*")) == ["fills", "project"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
@pytest.mark.parametrize("name", ["images_from_folder", "tfrecord_digits"])
def test_the_command_that_may_not_write_so_much_says_so(name, tmp_path) -> None:
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); "
        "from studio.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", program, "new", name, tmp_path / "new" / "mine"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == 2
    assert "mine can't be made: " in done.stderr and "File too large" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights")
def test_a_link_to_nowhere_stays(tmp_path) -> None:
    link = tmp_path / "mine"
    link.symlink_to(tmp_path / "gone")
    with pytest.raises(StudioError, match="can't be made: File exists"):
        templates.copy("sunspots", link)
    assert link.is_symlink()
