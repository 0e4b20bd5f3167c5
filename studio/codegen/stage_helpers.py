"""Functions of a script for its stages and map functions; all of them need TensorFlow."""

from __future__ import annotations

STAGE_HELPERS = {
    "hash_all_words": '''def hash_all_words(text, buckets):
    """Returns all words of a text as numbers from 1 (of a batch of texts, ragged)."""
    plain = tf.strings.regex_replace(tf.strings.lower(text), "[[:punct:]]+", " ")
    return 1 + tf.strings.to_hash_bucket_fast(tf.strings.split(plain), buckets - 1)''',
    "normalised": '''def normalised(text, lower, strip_punctuation):
    """Returns texts in lower case, and with spaces for punctuation."""
    if lower:
        text = tf.strings.lower(text, encoding="utf-8")
    if strip_punctuation:
        text = tf.strings.regex_replace(text, "[[:punct:]]+", " ")
    return text''',
    "word_table": '''def word_table(words):
    """Returns a table of numbers for words, from 2 in their order; 1 for all others."""
    numbers = tf.range(2, len(words) + 2, dtype=tf.int64)
    entries = tf.lookup.KeyValueTensorInitializer(tf.constant(words), numbers)
    return tf.lookup.StaticHashTable(entries, default_value=1)''',
    "padded": '''def padded(sequence, length, value):
    """Returns sequences cut, or filled up with a value, to one length."""
    if isinstance(sequence, tf.RaggedTensor):
        return sequence.to_tensor(value, shape=[None, length])
    sequence = sequence[..., :length]
    missing = length - tf.shape(sequence)[-1]
    around = [[0, 0]] * (len(sequence.shape) - 1) + [[0, missing]]
    sequence = tf.pad(sequence, around, constant_values=value)
    return tf.ensure_shape(sequence, [*sequence.shape[:-1], length])''',
    "all_finite": '''def all_finite(*element):
    """Returns whether no number of an element is NaN or infinite."""
    floats = [part for part in tf.nest.flatten(element) if part.dtype.is_floating]
    return tf.reduce_all([tf.reduce_all(tf.math.is_finite(part)) for part in floats])''',
    "dense": '''def dense(tensor, value):
    """Returns a tensor whose ragged rows are filled up with a value."""
    if isinstance(tensor, tf.RaggedTensor):
        return tensor.to_tensor(value)
    return tensor''',
    "decoded_image": '''def decoded_image(contents, channels, size=None):
    """Returns the pixels of an encoded image, from 0 to 255, brought to a size."""
    image = tf.io.decode_image(contents, channels, expand_animations=False)
    return image if size is None else tf.image.resize(image, size)''',
    "read_numbers": '''def read_numbers(tensor, dtype):
    """Returns texts as numbers, and what is none as it is."""
    return tf.strings.to_number(tensor, dtype) if tensor.dtype == tf.string else tensor''',
}
