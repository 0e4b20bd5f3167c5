"""`export_model(model, datasets, folder)`: the trained model in the formats of the project."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from studio.codegen.body import Join, input_nodes
from studio.codegen.export_helpers import EXPORT_HELPERS
from studio.codegen.folders import sized
from studio.codegen.layout import Expr, call, dictionary, join, listing, subscript
from studio.codegen.literal import literal, text
from studio.codegen.preparing import FUNCTION, write_preparing
from studio.codegen.source import Source, variable
from studio.graph.bypass import through
from studio.graph.catalogue.registry import find
from studio.graph.checks.exports import loops
from studio.graph.document import Call, Project, output_name
from studio.graph.elements import Elements
from studio.graph.exporting import PREFIX
from studio.graph.preparing import Preparing, preparing
from studio.graph.rule import Args
from studio.graph.shapes import Shapes
from studio.graph.spec import Spec

IMAGES = "studio.data.images"

_LAST = f"{PREFIX}h5"
"""Keras takes the optimizer out of the model's compile config when it writes this one."""


def write_exports(
    source: Source, project: Project, shapes: dict[str, Shapes], folder: Path, style: str
) -> None:
    """Writes `export_model`, with all that it needs; nothing where the project has no exports."""
    if not project.exports:
        return
    exports = sorted(project.exports, key=lambda each: each.op == _LAST)
    writer = _Exporter(source, project, shapes, folder, style)
    body = Source()
    doc = "Writes the trained model in further formats."
    with body.section("Export"), body.block("def export_model(model, datasets, folder):", doc):
        for each in exports:
            writer.write(body, each)
    writer.functions(exports)
    source.functions.add("export_model")
    source.needs |= body.needs
    source.sections += body.sections


class _Input(Struct, frozen=True):
    """An input of the model as an export declares it.

    `axes` is 1 where the data leaves out its last axis of 1; `cast` says that the data has
    another dtype.
    """

    name: str
    spec: Spec
    key: str | int | None
    axes: int = 0
    cast: bool = False


class _Exporter:
    def __init__(
        self,
        source: Source,
        project: Project,
        shapes: dict[str, Shapes],
        folder: Path,
        style: str,
    ):
        self.source = source
        self.project = project
        self.shapes = shapes
        self.folder = folder
        elements = shapes["data"].at(project.data.outputs["train"])
        structure = elements.structure if isinstance(elements, Elements) else None
        self.meets = Join.of(project, structure)
        self.inputs = [
            self._input(index, name, style == "subclass")
            for index, name in enumerate(input_nodes(through(project, project.model)))
        ]
        self.helpers: set[str] = set()
        self.raw = False

    def _input(self, index: int, name: str, exact: bool) -> _Input:
        """An input; one of a class, which neither adds an axis nor casts, as the data gives it."""
        spec, given, key = self.shapes["model"].at(name), self.meets.features, None
        if isinstance(given, (dict, tuple)):
            key = name if isinstance(given, dict) else index
            given = given[key]
        if not isinstance(given, Spec):
            return _Input(name, spec, key)
        shorter = given.rank == spec.rank - 1
        if exact:
            shape = spec.shape[:-1] if shorter else spec.shape
            dtype = spec.dtype if spec.dtype.startswith("float") else given.dtype
            return _Input(name, Spec(shape, dtype, spec.ragged), key, 0, dtype != given.dtype)
        return _Input(name, spec, key, int(shorter), spec.dtype != given.dtype)

    def write(self, body: Source, export: Call) -> None:
        """The statement that writes one export."""
        op = find(export.op)
        p = Args(op.filled(export.params))
        place = join("folder / ", text(p.file))
        getattr(self, f"_{op.name}")(body, place, p)

    def _keras(self, body: Source, place: Expr, p: Args) -> None:
        body.statement(call("model.save", [place]))

    _h5 = _keras

    def _weights(self, body: Source, place: Expr, p: Args) -> None:
        body.statement(call("model.save_weights", [place]))

    def _checkpoint(self, body: Source, place: Expr, p: Args) -> None:
        body.need("tf")
        checkpoint = call("tf.train.Checkpoint", model="model")
        path = call("str", [join(place, ' / "weights"')])
        body.statement(join(checkpoint, call(".write", [path])))

    def _saved_model(self, body: Source, place: Expr, p: Args) -> None:
        self.helpers |= {"save_signatures", "serving_function"}
        given = {"serving_default": "(model, serving_function(model))"}
        if p.raw:
            self.raw = True
            given["raw"] = "(model, raw_function(model))"
        body.statement(call("save_signatures", [place], **given))

    def _tflite(self, body: Source, place: Expr, p: Args) -> None:
        self.helpers |= {"convert_to_tflite", "serving_function"}
        size = p.batch_size or (1 if loops(self.project) else None)
        sizes = {"batch_size": literal(size)} if size is not None else {}
        given: dict[str, Expr] = {}
        if p.quantization != "none":
            given["quantization"] = text(p.quantization)
        if p.quantization == "int8":
            self.helpers.add("examples_of")
            arguments = ['datasets["train"]', literal(p.samples), *map(literal, sizes and [size])]
            given["examples"] = call("examples_of", arguments)
        function = call("serving_function", ["model"], **sizes)
        converted = call("convert_to_tflite", ["model", function], **given)
        path = join("(", place, ")")
        body.statement(join(path, call(".write_bytes", [converted])))

    def _onnx(self, body: Source, place: Expr, p: Args) -> None:
        self.helpers.add("serving_function")
        body.need("tf2onnx")
        body.line("serve = serving_function(model)")
        given = {
            "input_signature": "serve.input_signature",
            "opset": literal(p.opset),
            "output_path": call("str", [place]),
        }
        body.statement(call("tf2onnx.convert.from_function", ["serve"], **given))

    def _json(self, body: Source, place: Expr, p: Args) -> None:
        self.helpers.add("architecture_of")
        body.need("json")
        made = call("json.dumps", ["architecture_of(model)"], indent="2")
        self._text(body, place, made)

    def _yaml(self, body: Source, place: Expr, p: Args) -> None:
        self.helpers.add("architecture_of")
        body.need("yaml")
        made = call("yaml.safe_dump", ["architecture_of(model)"], sort_keys="False")
        self._text(body, place, made)

    @staticmethod
    def _text(body: Source, place: Expr, made: Expr) -> None:
        body.statement(join("(", place, ")", call(".write_text", [made, 'encoding="utf-8"'])))

    def functions(self, exports: list[Call]) -> None:
        """Writes the functions that the statements call."""
        for name, helper in EXPORT_HELPERS.items():
            if any(name in (each, *_called(each)) for each in self.helpers):
                self.source.need(*helper.needs, "keras")
                with self.source.section(name):
                    self.source.text(helper.source)
        if "serving_function" in self.helpers:
            self._serving(any(each.op == f"{PREFIX}tflite" for each in exports))
        if "examples_of" in self.helpers:
            self._examples()
        if self.raw:
            self._raw()

    def _named(self, outputs: Expr) -> Expr:
        """What the model gives, by the names of its outputs."""
        if self.meets.named_outputs:
            return outputs
        return dictionary([(text(output_name(self.project.model.outputs[0])), outputs)])

    def _tensor(self, each: _Input, size: str) -> Expr:
        """`tf.TensorSpec((None, 8, 8), "float32", name="image")`."""
        shape = tuple(each.spec.shape[1:])
        sizes = join("(", ", ".join([size, *map(str, shape)]), "" if shape else ",", ")")
        if each.spec.ragged:
            return call("tf.RaggedTensorSpec", [sizes, text(each.spec.dtype)])
        return call("tf.TensorSpec", [sizes, text(each.spec.dtype), join("name=", text(each.name))])

    def _serving(self, sized: bool) -> None:
        size = "batch_size" if sized else "None"
        made = [self._tensor(each, size) for each in self.inputs]
        argument = variable(self.inputs[0].name, {"model", "serve", "batch_size"})
        if self.meets.named_inputs:
            argument = "features"
            pairs = zip(self.inputs, made, strict=True)
            signature: Expr = dictionary((text(each.name), spec) for each, spec in pairs)
        elif len(made) > 1:
            argument, signature = "features", listing(made)
        else:
            (signature,) = made
        self.source.need("tf")
        head = f"def serving_function(model{', batch_size=None' if sized else ''}):"
        doc = "Returns the function of TensorFlow that gives the model's outputs, by name."
        with self.source.section("Serving"), self.source.block(head, doc):
            self.source.blank()
            self.source.statement("@tf.function", call("", input_signature=listing([signature])))
            with self.source.block(f"def serve({argument}):"):
                made = call("model", [argument], training="False")
                self.source.statement("return ", self._named(made))
            self.source.blank()
            self.source.line("return serve")

    def _examples(self) -> None:
        self.source.need("tf")
        entries: list[tuple[str, Expr]] = []
        for each in self.inputs:
            value: Expr = "x" if each.key is None else subscript("x", literal(each.key))
            if each.axes:
                value = call("tf.expand_dims", [value, "-1"])
            if each.cast:
                value = call("tf.cast", [value, text(each.spec.dtype)])
            if each.spec.ragged:
                entries.append((text(each.name), join(value, ".values")))
                entries.append((text(f"{each.name}_1"), join(value, ".row_splits")))
            else:
                entries.append((text(each.name), value))
        doc = "Returns a generator function of examples, as the converter wants them."
        with self.source.section("Examples"):
            head = "def examples_of(dataset, count, batch_size=1):"
            with self.source.block(head, doc):
                self.source.statement(
                    "rows = ",
                    "dataset" if self.meets.features is None else "dataset.map(lambda x, *_: x)",
                    ".unbatch().take(count)",
                )
                self.source.line("batches = rows.batch(batch_size, drop_remainder=True)")
                self.source.blank()
                with self.source.block("def examples():"):
                    self.source.line("x = None")
                    with self.source.block("for x in batches:"):
                        self.source.statement("yield ", dictionary(entries))
                    with self.source.block("if x is None:"):
                        what = '"There is no example to measure the ranges of tensors by."'
                        self.source.statement("raise ValueError", f"({what})")
                self.source.blank()
                self.source.line("return examples")

    def _raw(self) -> None:
        found = preparing(self.project, self.shapes)
        write_preparing(self.source, found, self.shapes["data"], self.folder)
        image = self._image(found)
        named = isinstance(found.rows, dict)
        rows = found.rows if named else {"images" if image else "rows": found.rows}
        specs = []
        for name, spec in rows.items():
            given = Spec((), "string") if image else spec
            each = _Input(name, Spec((None, *given.shape), given.dtype, given.ragged), None)
            specs.append((text(name), self._tensor(each, "None")))
        signature = dictionary(specs) if named else specs[0][1]
        doc = "Returns the same for rows as they are before any stage of the data."
        if image:
            doc = "Returns the same for the bytes of image files."
        argument = "images" if image else "rows"
        with self.source.section("Raw"), self.source.block("def raw_function(model):", doc):
            self.source.blank()
            self.source.statement("@tf.function", call("", input_signature=listing([signature])))
            with self.source.block(f"def serve({argument}):"):
                if image is not None:
                    self.source.statement("rows = ", image)
                made = call("model", [f"{FUNCTION}(rows)"], training="False")
                self.source.statement("return ", self._named(made))
            self.source.blank()
            self.source.line("return serve")

    def _image(self, found: Preparing) -> Expr | None:
        """The pixels of `images`, where the source reads image files; None for others."""
        node = found.project.data.nodes[found.source]
        if node.op != IMAGES or found.rows.shape[0] is None:
            return None
        p = Args(find(node.op).filled(node.params), folder=self.folder)
        self.source.need("tf")
        if not any(section.title == "decode_image" for section in self.source.sections):
            with self.source.section("decode_image"):
                self.source.text(EXPORT_HELPERS["decode_image"].source)
        decoded = call("decode_image", ["contents", *sized(p)])
        spec = call("tf.TensorSpec", [literal(tuple(found.rows.shape)), text(found.rows.dtype)])
        read = join("lambda contents: ", decoded)
        return call("tf.map_fn", [read, "images"], fn_output_signature=spec)


def _called(name: str) -> tuple[str, ...]:
    helper = EXPORT_HELPERS.get(name)
    return helper.calls if helper is not None else ()
