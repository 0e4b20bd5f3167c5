"""The datasets of keras.datasets: what each holds is known, though it is downloaded by the run."""

from __future__ import annotations

from msgspec import Struct

from studio.graph.catalogue.op import Param
from studio.graph.catalogue.registry import describe
from studio.graph.catalogue.types import Choice, Float, Int, or_null
from studio.graph.elements import Elements
from studio.graph.rule import Args
from studio.graph.spec import Refused, Shape, Spec


class Known(Struct, frozen=True):
    """A dataset of Keras: what it holds, and which file it is downloaded to."""

    about: str
    file: str
    """Below KERAS_HOME (or ~/.keras) and its folder datasets."""
    shape: Shape
    dtype: str
    train: int
    """Elements for training, or of both parts where a share of them is for the test."""
    test: int = 0
    """Elements for the test; 0 where `test_split` says how many."""
    classes: int = 0
    """0 where the label is a number."""
    flat: bool = False
    """Whether Keras gives its labels a second axis of 1, which the script takes off."""
    ragged: bool = False
    names: tuple[str, ...] = ()
    """What its classes are called, in the order of their numbers, where its makers say so."""


_CLOTHES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
_PHOTOS = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
_IMAGES = ("uint8", 60_000, 10_000, 10)
KERAS_DATASETS: dict[str, Known] = {
    "mnist": Known("Handwritten digits of 28 x 28 pixels (11 MB)", "mnist.npz", (28, 28), *_IMAGES),
    "fashion_mnist": Known(
        "Clothes of 28 x 28 pixels, in 10 kinds (30 MB)",
        "fashion-mnist/train-images-idx3-ubyte.gz and its three siblings",
        (28, 28),
        *_IMAGES,
        names=_CLOTHES,
    ),
    "cifar10": Known(
        "Coloured photos of 32 x 32 pixels, in 10 kinds (170 MB)",
        "cifar-10-batches-py-target_archive",
        (32, 32, 3),
        "uint8",
        50_000,
        10_000,
        10,
        flat=True,
        names=_PHOTOS,
    ),
    "cifar100": Known(
        "Coloured photos of 32 x 32 pixels, in 100 kinds (169 MB)",
        "cifar-100-python-target_archive",
        (32, 32, 3),
        "uint8",
        50_000,
        10_000,
        100,
        flat=True,
    ),
    "imdb": Known(
        "Film reviews as word numbers, liked or not (17 MB)",
        "imdb.npz",
        (None,),
        "int32",
        25_000,
        25_000,
        2,
        ragged=True,
    ),
    "reuters": Known(
        "News as word numbers, on 46 topics (2 MB)",
        "reuters.npz",
        (None,),
        "int32",
        11_228,
        classes=46,
        ragged=True,
    ),
    "california_housing": Known(
        "Californian districts by 8 numbers, and the value of a house there (0.7 MB)",
        "california_housing.npz",
        (8,),
        "float32",
        20_640,
    ),
    "boston_housing": Known(
        "Suburbs of Boston by 13 numbers, and the value of a home there (57 KB)",
        "boston_housing.npz",
        (13,),
        "float32",
        506,
    ),
}

_SEED = Param("seed", Int(0, 2**32 - 1), 113, "The seed by which Keras mixes the rows.")
_TEST = Param("test_split", Float(min=0, below=1), 0.2, "The share that is for the test.")
_WORDS = (
    Param("num_words", Int(1), None, "Keep only words below this number, the frequent ones."),
    Param("skip_top", Int(0), 0, "Leave out so many of the most frequent words."),
    Param("maxlen", Int(1), None, "Leave out longer texts (Keras has them shorter than this)."),
    Param("start_char", or_null(Int(0)), 1, "The number that begins each text; null for none."),
    Param("oov_char", or_null(Int(0)), 2, "The number of the words left out; null for none."),
    Param("index_from", Int(0), 3, "The number of the most frequent word."),
)
OWN: dict[str, tuple[Param, ...]] = {
    "cifar100": (
        Param("label_mode", Choice(("fine", "coarse")), "fine", "100 kinds, or 20 groups of them."),
    ),
    "imdb": (*_WORDS, _SEED),
    "reuters": (*_WORDS, _TEST, _SEED),
    "california_housing": (
        Param("version", Choice(("large", "small")), "large", "20,640 districts, or 600 of them."),
        _TEST,
        _SEED,
    ),
    "boston_housing": (_TEST, _SEED),
}
"""The parameters of load_data, beside the path."""


def _describe(name: str, known: Known) -> None:
    @describe(
        f"keras.datasets.{name}",
        kind="source",
        family="source",
        inputs="",
        shown="split",
        help=f"{known.about}; downloaded once by Keras.",
        params=[
            Param("split", Choice(("train", "test")), "train", "Which part of it."),
            *OWN.get(name, ()),
        ],
    )
    def rule(p: Args) -> Elements:
        return _elements(known, p)


def _elements(known: Known, p: Args) -> Elements:
    """(features, label) of a part, with the number that is known from its makers."""
    given = p.__dict__
    count: int | None = known.train if p.split == "train" else known.test
    if not known.test:
        rows = 600 if given.get("version") == "small" else known.train
        train = int(rows * (1 - p.test_split))
        count = train if p.split == "train" else rows - train
    if not count:
        raise Refused("leaves no element for the test", "Give a test_split above 0.")
    features = Spec(known.shape, known.dtype, int(known.ragged))
    if not known.classes:
        return Elements((features, Spec((), "float32")), count)
    classes = 20 if given.get("label_mode") == "coarse" else known.classes
    count = None if given.get("maxlen") else count
    return Elements(
        (features, Spec((), "int32")), count, labels=(0, classes - 1), classes=known.names
    )


for _name, _known in KERAS_DATASETS.items():
    _describe(_name, _known)
