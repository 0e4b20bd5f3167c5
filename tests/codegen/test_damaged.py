"""Images that look whole by their first and last bytes, and can't be decoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from studio.engine.damage import damage, sources

from .loading import agrees, elements, loaded, project_of
from .projects import Json, node, read

pytestmark = pytest.mark.filterwarnings("default")

FILES = ("a/0.png", "a/1.jpg", "b/2.png", "b/3.jpg", "b/4.png")


def of(**params: object) -> Json:
    return node("rows", "studio.data.images", path="pets", shuffle=False, **params)


def spoilt(folder: Path, *names: str) -> Path:
    """A folder of images, of which some are damaged in their middle."""
    random = np.random.default_rng(1)
    for name in FILES:
        pixels = random.integers(0, 255, (16, 16, 3)).astype("uint8")
        encode = tf.io.encode_png if name.endswith("png") else tf.io.encode_jpeg
        content = bytearray(encode(pixels).numpy())
        if name in names:
            content[60:160] = bytes(100)
        (folder / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "pets" / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("params", [{"image_size": [6, 5]}, {"image_size": None, "labels": None}])
def test_a_damaged_image_ends_the_pass_behind_those_before_it(
    name: str, params: Json, tmp_path: Path
) -> None:
    dataset, inferred = loaded(project_of(of(**params)), spoilt(tmp_path, name))
    assert int(dataset.cardinality()) == inferred.count == len(FILES)
    seen = []
    with pytest.raises(tf.errors.InvalidArgumentError, match="DecodeImage"):
        seen.extend(dataset)  # which keeps those that come before the error
    assert len(seen) == FILES.index(name)


@pytest.mark.parametrize("name", FILES)
def test_the_damaged_image_is_found_among_the_files(name: str, tmp_path: Path) -> None:
    value = project_of(of(image_size=None))
    dataset, _ = loaded(value, spoilt(tmp_path, name, FILES[-1]))
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        list(dataset)
    found = damage(caught.value, "", sources(read(value)), tmp_path)
    assert found.node == "rows"
    assert found.said.startswith(f'The image "pets/{name}" can\'t be decoded')


@pytest.mark.parametrize("damaged", [FILES[:1], FILES[-1:], FILES[1:3], FILES, ()])
def test_damaged_images_are_left_out_and_counted_at_the_end_of_each_pass(
    damaged: tuple[str, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = of(corrupt="skip", image_size=[6, 5])
    whole = elements(loaded(project_of(of(image_size=[6, 5])), spoilt(tmp_path))[0])
    dataset, inferred = loaded(project_of(source), spoilt(tmp_path, *damaged))
    agrees(dataset, inferred)
    wanted = [each for each, name in zip(whole, FILES, strict=True) if name not in damaged]
    for _ in range(2):
        capfd.readouterr()
        assert elements(dataset) == wanted
        said = f"{len(damaged)} of 5 images can't be decoded and are left out.\n"
        assert capfd.readouterr().err.count(said) == bool(damaged)
