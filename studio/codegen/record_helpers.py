"""Functions that a script brings along to read records of files."""

from __future__ import annotations

# name -> (source, the modules it needs)
RECORD_HELPERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "matching_files": (
        '''def matching_files(folder, pattern):
    """Returns the files in a folder that match a pattern, sorted; there must be some."""
    files = sorted(str(path) for path in folder.glob(pattern) if path.is_file())
    if not files:
        raise FileNotFoundError(f"No file in {folder} matches {pattern}.")
    return files''',
        (),
    ),
    "side_by_side": (
        '''def side_by_side(files, reader, cycle_length):
    """Returns the records of several files, which take turns of 64 records."""
    return tf.data.Dataset.from_tensor_slices(files).interleave(
        reader,
        cycle_length=cycle_length,
        block_length=64,
        num_parallel_calls=tf.data.AUTOTUNE,
    )''',
        ("tf",),
    ),
    "map_in_batches": (
        '''def map_in_batches(dataset, function, size=512):
    """Returns a dataset mapped many elements at a time: faster than one by one."""
    batches = dataset.batch(size).map(function, num_parallel_calls=tf.data.AUTOTUNE)
    return batches.unbatch()''',
        ("tf",),
    ),
    "complete_cells": (
        '''def complete_cells(cells):
    """Returns columns without the rows in which a cell is empty."""
    empty = [
        cell == "" if cell.dtype == tf.string else tf.math.is_nan(cell)
        for cell in cells
    ]
    complete = ~tf.reduce_any(tf.stack(empty), axis=0)
    return [tf.boolean_mask(cell, complete) for cell in cells]''',
        ("tf",),
    ),
    "class_numbers": (
        '''def class_numbers(texts, classes):
    """Returns the places of texts among the classes; they must be there."""
    same = texts[:, None] == tf.constant(classes)
    known = tf.reduce_any(same, axis=1)
    others = tf.boolean_mask(texts, ~known)
    tf.debugging.Assert(tf.reduce_all(known), ["There is no such class:", others])
    return tf.argmax(same, axis=1, output_type=tf.int32)''',
        ("tf",),
    ),
    "rows_on_disk": (
        '''def rows_on_disk(array, size=1024):
    """Returns the rows of an array that is mapped from a file, read when they are needed."""

    def parts():
        for start in range(0, len(array), size):
            yield array[start : start + size]

    spec = tf.TensorSpec((None, *array.shape[1:]), array.dtype.newbyteorder("="))
    rows = tf.data.Dataset.from_generator(parts, output_signature=spec).unbatch()
    return rows.apply(tf.data.experimental.assert_cardinality(len(array)))''',
        ("tf",),
    ),
    "parquet_columns": (
        '''def parquet_columns(files, names, texts):
    """Returns columns of Parquet files, some rows at a time: numbers as float64."""

    def parts():
        for file in files:
            for part in pq.ParquetFile(file).iter_batches(8192, columns=names):
                yield tuple(
                    np.array(part[name], object if name in texts else "float64")
                    for name in names
                )

    dtypes = ("string" if name in texts else "float64" for name in names)
    specs = tuple(tf.TensorSpec((None,), dtype) for dtype in dtypes)
    return tf.data.Dataset.from_generator(parts, output_signature=specs)''',
        ("np", "pq", "tf"),
    ),
}
