"""Functions that a script brings along for sources that read no file of the user's."""

from __future__ import annotations

# name -> (source, the modules it needs)
MEMORY_HELPERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "random_rows": (
        '''def random_rows(count, draw, seed):
    """Returns rows that are drawn 1,024 at a time, so that none of them is kept.

    `draw(rows, seed)` makes some of them; they are the same each time.
    """
    parts = tf.data.Dataset.range(-(-count // 1024)).map(
        lambda part: draw(1024, tf.random.fold_in((seed, 0), part)),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    rows = parts.unbatch().take(count)
    return rows.apply(tf.data.experimental.assert_cardinality(count))''',
        ("tf",),
    ),
    "noisy_scores": (
        '''def noisy_scores(features, center, spread, outputs, noise, weights, seed):
    """Returns weighted sums of features, with some noise: what a model can learn.

    `center` and `spread` are those of the features; `weights` is the seed of the
    weights, which are the same for all rows, `seed` that of the noise.
    """
    size = math.prod(features.shape[1:])
    flat = tf.reshape(tf.cast(features, "float32"), (-1, size))
    kernel = tf.random.stateless_normal((size, outputs), (weights, 1)) / size**0.5
    scores = (flat - center) / spread @ kernel
    return scores + noise * tf.random.stateless_normal(
        tf.shape(scores), tf.random.fold_in(seed, 1)
    )''',
        ("math", "tf"),
    ),
    "downloaded": (
        '''def downloaded(load, file, **options):
    """Returns what a loader of keras.datasets gives, from its file if that is there."""
    home = os.environ.get("KERAS_HOME", os.path.join(os.path.expanduser("~"), ".keras"))
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(15)  # a network that swallows everything is none
    try:
        return load(**options)
    except Exception as error:
        name = load.__module__.rpartition(".")[2]
        raise RuntimeError(
            f"{name} can't be loaded ({error}). It is downloaded once; where "
            f"there is no network, put {file} into {os.path.join(home, 'datasets')}."
        ) from error
    finally:
        socket.setdefaulttimeout(patience)''',
        ("os", "socket"),
    ),
    "load_tfds": (
        '''def load_tfds(name, data_dir=None, **options):
    """Returns a dataset of tensorflow_datasets, which is downloaded and prepared once."""
    builder = tfds.builder(name, data_dir=data_dir)
    if not builder.is_prepared():  # without a network tfds itself tries for minutes
        try:
            urllib.request.urlopen("https://storage.googleapis.com", timeout=15)
        except urllib.error.HTTPError:
            pass  # it answers
        except OSError as error:
            raise RuntimeError(
                f"{name} isn't prepared on this machine, and there is no network to "
                f"download it ({error}). Prepare it elsewhere with tfds.load({name!r}), "
                f"and copy its folder to {builder.data_dir}."
            ) from error
    return tfds.load(name, data_dir=data_dir, **options)''',
        ("tfds", "urllib"),
    ),
}
