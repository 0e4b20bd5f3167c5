"""Functions that a script brings along when it exports its model."""

from __future__ import annotations

from msgspec import Struct


class ExportHelper(Struct, frozen=True):
    """A function of the script, the modules it needs and the functions that it calls."""

    source: str
    needs: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()


EXPORT_HELPERS = {
    "architecture_of": ExportHelper(
        '''def architecture_of(model):
    """Returns the config of a model's layers, without how it is compiled."""
    config = json.loads(model.to_json())
    config.pop("compile_config", None)
    return config''',
        ("json",),
    ),
    "save_signatures": ExportHelper(
        '''def save_signatures(path, **signatures):
    """Writes a SavedModel; each signature is a model and a function of TensorFlow."""
    archive = keras.export.ExportArchive()
    for name, (model, function) in signatures.items():
        archive.track(model)
        archive.add_endpoint(name, function)
    archive.write_out(str(path), verbose=False)''',
    ),
    "convert_to_tflite": ExportHelper(
        '''def convert_to_tflite(model, function, quantization="none", examples=None):
    """Returns the bytes of a LiteRT model that computes a function of TensorFlow.

    To compute in whole numbers it needs examples: a generator function.
    """
    with tempfile.TemporaryDirectory() as folder:
        save_signatures(folder, serving_default=(model, function))
        converter = tf.lite.TFLiteConverter.from_saved_model(
            folder, signature_keys=["serving_default"]
        )
        if quantization != "none":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantization == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if quantization == "int8":
            converter.representative_dataset = examples
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        return converter.convert()''',
        ("tempfile", "tf"),
        ("save_signatures",),
    ),
    "decode_image": ExportHelper(
        '''def decode_image(contents, channels, size, interpolation="bilinear"):
    """Returns the pixels of an image file's bytes, brought to a size, as `read_image`."""
    image = tf.io.decode_image(contents, channels, expand_animations=False)
    return tf.cast(tf.image.resize(image, size, interpolation), "float32")''',
        ("tf",),
    ),
}
"""In the order in which they stand in a script."""
