"""Functions that a script brings along when its data stages need them."""

from __future__ import annotations

from msgspec import Struct

from studio.codegen.column_helpers import COLUMN_HELPERS
from studio.codegen.folder_helpers import FOLDER_HELPERS
from studio.codegen.memory_helpers import MEMORY_HELPERS
from studio.codegen.record_helpers import RECORD_HELPERS
from studio.codegen.service_helpers import SERVICE_HELPERS
from studio.codegen.stage_helpers import STAGE_HELPERS


class Helper(Struct, frozen=True):
    """A function of the script, and the modules it needs."""

    source: str
    needs: tuple[str, ...] = ()


HELPERS = {
    "read_csv": Helper(
        '''def read_csv(path):
    """Returns the columns of a CSV file by name, each a tuple of texts."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        header, *rows = (row for row in csv.reader(file) if row)
    return dict(zip(header, zip(*rows)))''',
        ("csv",),
    ),
    "read_csv_gz": Helper(
        '''def read_csv_gz(path):
    """Returns the columns of a gzipped CSV file by name, each a tuple of texts."""
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        header, *rows = (row for row in csv.reader(file) if row)
    return dict(zip(header, zip(*rows)))''',
        ("csv", "gzip"),
    ),
    "complete_rows": Helper(
        '''def complete_rows(columns, names):
    """Returns columns without the rows in which one of the named cells is empty."""
    complete = [all(cells) for cells in zip(*(columns[name] for name in names))]
    return {
        name: [cell for cell, keep in zip(columns[name], complete) if keep]
        for name in names
    }'''
    ),
    "joined_columns": Helper(
        '''def joined_columns(tables):
    """Returns the columns of several tables, the rows of one behind those of another."""
    return {
        name: [cell for table in tables for cell in table[name]] for name in tables[0]
    }'''
    ),
    "numbers": Helper(
        '''def numbers(cells, dtype="float32"):
    """Returns the numbers of a column, NaN where a cell is empty."""
    return np.array([cell or "nan" for cell in cells], dtype)''',
        ("np",),
    ),
    "rescaled": Helper(
        '''def rescaled(tensors, scale, offset):
    """Returns tensors as float32, multiplied by a number and with one added."""
    return tf.nest.map_structure(
        lambda each: tf.cast(each, "float32") * scale + offset, tensors
    )''',
        ("tf",),
    ),
    "hash_words": Helper(
        '''def hash_words(text, buckets, length):
    """Returns the first words of a text as numbers from 1; 0 where there is none."""
    plain = tf.strings.regex_replace(tf.strings.lower(text), "[[:punct:]]+", " ")
    words = tf.strings.split(plain)[:length]
    numbers = 1 + tf.strings.to_hash_bucket_fast(words, buckets - 1)
    padded = tf.pad(numbers, [[0, length - tf.size(numbers)]])
    return tf.ensure_shape(padded, [length])''',
        ("tf",),
    ),
    "windows": Helper(
        '''def windows(series, length, horizon):
    """Returns windows of a series, each with the value `horizon` steps behind it."""
    span = length + horizon
    slices = series.window(span, shift=1, drop_remainder=True)
    slices = slices.flat_map(lambda each: each.batch(span, drop_remainder=True))
    slices = slices.map(lambda each: (each[:length], each[-1]))
    count = int(series.cardinality()) - span + 1
    if count < 0:  # tf.data can't tell how long the series is
        return slices
    return slices.apply(tf.data.experimental.assert_cardinality(count))''',
        ("tf",),
    ),
    "split_dataset": Helper(
        '''def split_dataset(dataset, validation, test, seed):
    """Returns three parts by name: train, validation and test.

    Shares below 1 are fractions; with a seed the elements are mixed first, in
    the same order each time, so that no element is ever in two parts.
    """
    count = int(dataset.cardinality())
    if count < 0:  # tf.data can't tell before it has counted them
        count = int(dataset.reduce(np.int64(0), lambda total, _: total + 1))
    validation, test = (
        int(part * count) if part < 1 else part for part in (validation, test)
    )
    if seed is not None:
        dataset = dataset.shuffle(count, seed=seed, reshuffle_each_iteration=False)
    return {
        "train": dataset.skip(validation + test),
        "validation": dataset.take(validation),
        "test": dataset.skip(validation).take(test),
    }''',
        ("np",),
    ),
}
"""In the order in which a script prints them."""

HELPERS |= {name: Helper(*helper) for name, helper in MEMORY_HELPERS.items()}
HELPERS |= {name: Helper(source, ("tf",)) for name, source in STAGE_HELPERS.items()}
HELPERS |= {name: Helper(*helper) for name, helper in (FOLDER_HELPERS | RECORD_HELPERS).items()}
HELPERS |= {name: Helper(*helper) for name, helper in SERVICE_HELPERS.items()}
HELPERS |= {name: Helper(source, ("tf",)) for name, source in COLUMN_HELPERS.items()}
