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
}
