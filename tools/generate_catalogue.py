"""Write assets/catalogue.json: the facts of every public Keras op a person can configure.

    python tools/generate_catalogue.py [--check]     with --check only compare; 1 if out of date

Everything is read from the installed Keras: signatures, docstrings and, where a signature says
only **kwargs, the source of its `super().__init__(...)`. The tables hold what cannot be read. A
public object that is neither an op nor in LEFT_OUT makes the tool fail.
"""

import argparse
import ast
import fnmatch
import functools
import importlib
import inspect
import json
import os
import re
import sys
import textwrap
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # both are read while Keras loads
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras

OUT = Path(__file__).resolve().parent.parent / "assets" / "catalogue.json"
HELP_LIMIT = 400

# namespace: (kind of its classes, kind of its functions); None where all must be left out.
# An object that several namespaces export is an op of the first one and an alias in the others.
CLASS_KINDS = ("layer", "optimizer", "callback", "initializer", "regularizer", "constraint")
FAMILIES = [name for name, v in vars(keras.applications).items() if inspect.ismodule(v)]
NAMESPACES = {f"keras.{kind}s": (kind, None) for kind in CLASS_KINDS} | {
    "keras.optimizers.schedules": ("schedule", None),
    "keras.losses": ("loss", "loss_function"),
    "keras.metrics": ("metric", "metric_function"),
    "keras.activations": (None, "activation"),
    "keras.applications": (None, "application"),
    "keras.ops": (None, "function"),
    **{f"keras.ops.{part}": (None, "function") for part in ("image", "linalg", "nn", "numpy")},
    **{f"keras.applications.{name}": (None, "application") for name in FAMILIES},
}


def table(text, prefix=""):
    """Parse "value: key key; value: key", which is short to write, into {prefix + key: value}."""
    entries = (" ".join(entry.split()).split(":") for entry in text.split(";"))
    return {prefix + key: value for value, keys in entries for key in keys.split()}


# {path or pattern: reason}. With brackets: a parameter that an op accepts but does not list.
LEFT_OUT = table(
    """
    abstract base to subclass, nothing by itself: callbacks.Callback constraints.Constraint
        initializers.Initializer layers.Layer layers.Wrapper losses.Loss metrics.Metric
        optimizers.Optimizer optimizers.schedules.LearningRateSchedule regularizers.Regularizer;
    container that fit() builds around the callbacks: callbacks.CallbackList;
    describes the inputs a layer accepts, not a layer: layers.InputSpec;
    functional shorthand for the layer class of the same name: layers.add layers.average
        layers.concatenate layers.dot layers.maximum layers.minimum layers.multiply layers.subtract;
    helper on the data around a ready-made model, whose help says what images it expects:
        applications.*.decode_predictions applications.*.preprocess_input;
    helper that reads or writes configurations: *.deserialize *.get *.serialize;
    reloads a SavedModel folder for inference, nothing to compose: layers.TFSMLayer;
    wraps a model of another framework, given as a Python object: layers.FlaxLayer
        layers.JaxLayer layers.TorchModuleWrapper;
    said by the node itself, its id and what is fed to it: applications.*(name)
        applications.*(input_tensor) applications.*(input_shape);
    accepted without a documented effect: callbacks.ReduceLROnPlateau(**kwargs) ops.einsum(**kwargs)
        layers.*Lookup(trainable) layers.*Lookup(dtype) layers.HashedCrossing(**kwargs);
    inherited, but refused or without effect unless the layer names it: layers.*(factor)
        layers.AdditiveAttention(score_mode);
    internal or outdated, for saved models and old code only: layers.*(vocabulary_size)
        layers.*(has_input_vocabulary) layers.*(input_shape) layers.*(input_dim)
        layers.Embedding(input_length) layers.GRU(implementation) layers.LSTM(implementation)
        layers.InputLayer(batch_input_shape) layers.LayerNormalization(rms_scaling)
        layers.LeakyReLU(alpha) ops.layer_normalization(rms_scaling) ops.multi_hot(num_tokens)
        optimizers.*(decay)
    """,
    "keras.",
)
NOT_INHERITED = {"factor", "score_mode"}  # see LEFT_OUT
OF_THE_NODE = {"name", "input_tensor", "input_shape"}  # of applications; see LEFT_OUT
OPEN_KEYWORDS = {"LambdaCallback", "MeanMetricWrapper", "rearrange"}  # **kwargs of any name

# keras.ops asks for its tensors by `any_symbolic_tensors((x, y))`. Here are the functions that do
# not, or that name more or fewer than their docstring calls tensors. A star: a list of tensors.
TENSORS = table(
    """
    : arange full geomspace linspace logspace; a: diff; condlist* choicelist*: select;
    data segment_ids: segment_max segment_min segment_prod segment_sum; index operands*: switch;
    init_val: fori_loop; inputs depthwise_kernel pointwise_kernel: separable_conv;
    inputs kernel: conv conv_transpose; inputs updates: slice_update; inputs: slice;
    loop_vars*: while_loop; pred: cond; primals* tangents*: jvp; y x: trapezoid;
    query key value bias mask: dot_product_attention; x weights: average bincount;
    x: abs conj dtype full_like is_tensor nanpercentile nanquantile pad percentile quantile reshape
    """,
    "keras.ops.",
)
TENSOR_LIST = re.compile(r"\b(?:sequence|list|tuple) of (?:tensors|the real)\b", re.I)
TENSOR_NAMES = {"x", "y_true", "y_pred", "ref_labels", "ref_embeddings"}  # of other kinds

# Closed lists that docstrings state as bullets or broken text. The keys of this table and the next
# are an op and its parameter, an op, a kind and a parameter, or a kind; the first that fits wins.
CHOICES = table(
    """
    None avg max: application.pooling; channels_last channels_first: layer.data_format
        function.data_format; density spectrum None: initializers.STFT.scaling; ROC PR:
        metrics.AUC.curve; interpolation minoring majoring: metrics.AUC.summation_method;
    floormod farmhash: layer.oov_method; valid same full: ops.correlate.mode; reduced complete:
        ops.qr.mode; log magnitude psd real imag angle stft: layers.STFTSpectrogram.mode;
    None add max min mul: ops.scatter_update.reduction; xyxy yxyx xywh center_xywh center_yxhw
        rel_xyxy rel_yxyx rel_xywh rel_center_xywh: layer.bounding_box_format
    """
)
# Where the docstring of an op is silent: the op to take the text from.
LIKE = table(
    """
    Input: layers.InputLayer; applications.MobileNetV3Small: application.include_preprocessing;
    layers.CenterCrop: layer.data_format; layers.Dense: layer.activity_regularizer layer.lora_alpha;
    layers.RandomElasticTransform: ops.image.elastic_transform; layers.RandomFlip: layer.seed;
    layers.RandomPosterization: layer.value_range; losses.tversky: losses.Tversky;
    losses.mean_squared_error: metric_function; losses.sparse_categorical_crossentropy:
        losses.SparseCategoricalCrossentropy; metrics.BinaryAccuracy: metrics.binary_accuracy;
    metrics.CategoricalAccuracy: metrics.categorical_accuracy; metrics.SparseCategoricalAccuracy:
        metrics.sparse_categorical_accuracy; metrics.TopKCategoricalAccuracy:
        metrics.top_k_categorical_accuracy; ops.absolute: ops.abs; ops.conjugate: ops.conj;
    ops.divide: ops.true_divide; ops.image.resize: layer.antialias; optimizers.Adam: optimizer
    """
)
# Texts for parameters that Keras documents nowhere.
HELP = {
    "callbacks.OrbaxCheckpoint.save_weights_only": "Whether to leave out all but weights.",
    "layers.InputLayer.input_tensor": "Optional existing tensor to wrap into the layer.",
    "layers.Masking.mask_value": "The value that marks a timestep to skip.",
    "layers.MaxNumBoundingBoxes.fill_value": "The value that fills the boxes added.",
    "layers.Pipeline.layers": "The layers to apply, in order.",
    "optimizers.OptimizerMap.optimizer_map": "Optimizers by variable path or pattern.",
    "layer.autocast": "Whether float inputs are cast to the compute dtype of the layer.",
    "layer.bounding_box_format": "Format of the bounding boxes in the data, if it has any.",
    "layer.quantization_config": "Optional configuration for quantizing the layer.",
}

ITEM = re.compile(r"\s*(\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?:\([^)]*\))?\s*:\s*(.*)")
SENTENCE_END = r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!a\.k\.a\.)(?<!et al\.)\s+"
QUOTED = r"`{0,2}[\"'](\w[\w.-]*)[\"']`{0,2}"
VALUE = rf"(?:{QUOTED}|`?None`?)(?:\s?\([^)]*\))?"
VALUES = re.compile(rf"{VALUE}(?:\s*(?:,\s*(?:or|and)?|or|and|\|)\s*{VALUE})+")
BEFORE_VALUES = re.compile(
    r"(?i)(?:^|one of|either|(?:values|options|methods)(?: are| can be| include)?:?|supports"
    r"|can be|string,|to use:)\s*[`{\[(]*$"
)
OPEN_END = re.compile(r"[`}\])]*,?\s*(?:or|and)\s+(?:a|an|the|integer|float|callable)\b")


def first_sentence(doc):
    """Return the first sentence of a docstring, on one line."""
    return re.split(SENTENCE_END, " ".join(doc.strip().split("\n\n")[0].split()))[0]


def shorten(text):
    """Return a help text cut to HELP_LIMIT, at a sentence end where there is one."""
    if len(text) <= HELP_LIMIT:
        return text
    ends = [m.start() for m in re.finditer(SENTENCE_END, text) if m.start() <= HELP_LIMIT]
    return text[: ends[-1]] if ends else text[:HELP_LIMIT].rsplit(" ", 1)[0] + " …"


@functools.cache
def args_of_doc(doc, known, headings=("Args:", "Arguments:")):
    """Parse the "Args:" sections of a docstring (Google style) into {name: text}.

    An item starts as far left as the section's first one, as `name: text`, `name (type): text` or
    `a, b: text`, or, as some docstrings are indented wrongly, with a known name. Other lines
    continue the item before them. A section ends with a line as far left as its heading.
    """
    found, names, indent, heading = {}, [], None, -1
    for line in inspect.cleandoc(doc or "").splitlines():
        here = len(line) - len(line.lstrip())
        if line.strip() in headings:
            names, indent, heading = [], None, here
        elif here <= heading and line.strip():
            heading = -1
        elif heading >= 0 and line.strip():
            indent = here if indent is None else indent
            item = ITEM.match(line)
            starts = {name.strip(" *") for name in item[1].split(",")} if item else set()
            if item and (here == indent or starts <= known - found.keys()):
                names = [name for name in starts if name not in found]
                found.update(dict.fromkeys(names, item[2]))
            else:
                found.update({name: found[name] + " " + line for name in names})
    return {name: " ".join(text.split()) for name, text in found.items()}


def fitting(entries, path, kind, name):
    """Return the entries of a table for a parameter of an op, the most special one first."""
    path = path.removeprefix("keras.")
    keys = (f"{path}.{name}", path, f"{kind}.{name}", kind)
    return [entries[key] for key in keys if key in entries]


def help_of(obj, path, kind, name, known):
    """Return the text on a parameter: of the op, of its bases, or from the tables above."""
    sources = [obj, *map(find, fitting(LIKE, path, kind, name))]
    classes = (cls for source in sources for cls in getattr(source, "__mro__", [source]))
    docs = (d for cls in classes for d in (cls.__doc__, vars(cls).get("__init__", cls).__doc__))
    texts = filter(None, (args_of_doc(doc, known).get(name) for doc in docs))
    return next(texts, "") or " ".join(fitting(HELP, path, kind, name)[:1])


def call_of(cls):
    """Return the records of what a layer's call takes, each with its help where there is one."""
    parameters = list(inspect.signature(cls.call).parameters.values())[1:]
    known = frozenset(p.name for p in parameters)
    docs = [args_of_doc(base.__doc__, known, ("Call arguments:",)) for base in cls.__mro__]
    texts = {name: text for doc in reversed(docs) for name, text in doc.items()}
    helps = ((p, shorten(texts.get(p.name, ""))) for p in parameters)
    return [fact(p) | ({"help": text} if text else {}) for p, text in helps]


def choices_in(text, default):
    """Return the closed list of strings (or None) that a help text states, or []."""
    for run in VALUES.finditer(text):
        closed = BEFORE_VALUES.search(text[: run.start()])
        if closed and not OPEN_END.match(text[run.end() :]) and "is a tensor" not in text:
            found = re.findall(rf"{QUOTED}|`?(None)`?", run[0])
            choices = [literal or None for literal, _ in found]
            return choices if default is None or default in choices else []
    return []


def find(path):
    """Return the object at a public path below keras."""
    module, _, name = f"keras.{path}".rpartition(".")
    return getattr(importlib.import_module(module), name)


def calls_in(function, name):
    """Return the calls of `name` in the source of a function, as ast nodes."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [call for call in calls if ast.unparse(call.func) == name]


def constructor(mro):
    """Return the parameters that the constructor of mro[0] accepts.

    **kwargs stands for what the next constructor accepts, less what is passed to it explicitly.
    """
    owner = next(i for i, cls in enumerate(mro) if "__init__" in vars(cls))
    init = mro[owner].__init__
    own = list(inspect.signature(init).parameters.values())[1:]
    named = [p for p in own if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if len(named) == len(own) or mro[owner] in (keras.layers.Layer, object):
        return named
    call = next(iter(calls_in(init, "super().__init__")), None)
    if call is None or all(keyword.arg for keyword in call.keywords):
        return own
    given = sum(not isinstance(arg, ast.Starred) for arg in call.args)
    taken = {p.name for p in named} | {keyword.arg for keyword in call.keywords} | NOT_INHERITED
    return named + [p for p in constructor(mro[owner + 1 :])[given:] if p.name not in taken]


def fact(parameter):
    """Return the record of one parameter, without its help."""
    if parameter.kind is parameter.VAR_POSITIONAL:
        value = {"variadic": True}
    elif parameter.kind is parameter.VAR_KEYWORD:
        value = {"keywords": True}
    elif parameter.default is parameter.empty:
        value = {"required": True}
    else:
        try:
            value = json.loads(json.dumps({"default": parameter.default}, allow_nan=False))
        except (TypeError, ValueError):  # no JSON: a class, a function, an infinity
            name = getattr(parameter.default, "__name__", parameter.default)
            value = {"default_repr": str(name)}
    return {"name": parameter.name} | value


def documented(parameter, obj, path, kind, known):
    """Return the record of one parameter, with its choices and its help."""
    text = help_of(obj, path, kind, parameter.name, known)
    record = fact(parameter)
    stated = " ".join(fitting(CHOICES, path, kind, parameter.name)[:1]).split()
    choices = [None if word == "None" else word for word in stated]
    choices = choices or choices_in(text, record.get("default"))
    extra = {"choices": choices, "help": shorten(text)}
    return record | {key: value for key, value in extra.items() if value}


def tensors_of(function, path, kind, facts):
    """Return the names of the parameters that take tensors, with a star for lists of them."""
    if path in TENSORS:
        return TENSORS[path].split()
    calls = calls_in(function, "any_symbolic_tensors") if kind == "function" else []
    asked = {node.id for c in calls for node in ast.walk(c.args[0]) if isinstance(node, ast.Name)}
    names = asked if kind == "function" else TENSOR_NAMES
    return [
        f["name"] + "*" * bool("variadic" in f or TENSOR_LIST.search(f.get("help", "")))
        for f in facts
        if f["name"] in names
    ]


def collect():
    """Return {object: [its public paths]} and {object: kind}, of everything public."""
    paths, kinds = {keras.Input: ["keras.Input"]}, {keras.Input: "input"}
    for namespace, kinds_here in NAMESPACES.items():
        for name, obj in sorted(vars(importlib.import_module(namespace)).items()):
            if name[0] != "_" and not inspect.ismodule(obj):
                paths.setdefault(obj, []).append(f"{namespace}.{name}")
                kinds.setdefault(obj, kinds_here[inspect.isfunction(obj)])
    return paths, kinds


def entry(obj, path, kind, public):
    """Return the catalogue's record of an op; public holds all public objects."""
    is_class = inspect.isclass(obj)
    signature = inspect.signature(obj.__init__ if is_class else obj).parameters
    parameters = constructor(obj.__mro__) if is_class else list(signature.values())
    if obj.__name__ not in OPEN_KEYWORDS:
        parameters = [p for p in parameters if p.kind is not p.VAR_KEYWORD]
    known = frozenset(p.name for p in parameters)
    if kind == "application":
        parameters = [p for p in parameters if p.name not in OF_THE_NODE]
    common = {p.name for p in constructor(keras.layers.Layer.__mro__)}
    shares = kind == "layer" and common <= known and not common <= signature.keys()
    if shares:
        parameters = [p for p in parameters if p.name in signature or p.name not in common]
    doc = inspect.getdoc(obj) or inspect.getdoc(find(fitting(LIKE, path, kind, "")[0]))
    record = {"kind": kind, "help": first_sentence(doc)} | ({"common": "layer"} if shares else {})
    record["params"] = [documented(p, obj, path, kind, known) for p in parameters]
    if kind == "layer":
        record["call"] = call_of(obj)
    if is_class:
        record["bases"] = [cls.__name__ for cls in obj.__mro__[1:] if cls in public]
    elif kind not in ("application", "input"):
        record["tensors"] = tensors_of(obj, path, kind, record["params"])
    return record | {"aliases": sorted(name for name in public[obj] if name != path)}


def catalogue():
    """Return the whole catalogue; fail on what is neither an op nor left out."""
    public, kinds = collect()
    ops, left_out = {}, {path: why for path, why in LEFT_OUT.items() if "(" in path}
    for obj, names in public.items():
        path = next((n for n in names if n.endswith("." + obj.__name__)), names[0])
        why = [LEFT_OUT[pattern] for pattern in LEFT_OUT if fnmatch.fnmatchcase(path, pattern)]
        if why:
            left_out |= dict.fromkeys(names, why[0])
        elif kinds[obj] is None:
            sys.exit(f"{path} is neither an op nor in LEFT_OUT")
        else:
            ops[path] = entry(obj, path, kinds[obj], public)
    layer = keras.layers.Layer
    common = [documented(p, layer, "", "layer", frozenset()) for p in constructor(layer.__mro__)]
    return {
        "keras": keras.__version__,
        "common": {"layer": common},
        "left_out": dict(sorted(left_out.items())),
        "ops": dict(sorted(ops.items())),
    }


def render(value, depth=0):
    """Return JSON text with one parameter, or other small record, a line."""
    is_list = isinstance(value, list) and value and isinstance(value[0], dict)
    if is_list:
        lines = [render(item, depth + 1) for item in value]
    elif isinstance(value, dict) and depth < 3:
        lines = [f"{json.dumps(key)}: {render(item, depth + 1)}" for key, item in value.items()]
    else:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    pad, (left, right) = "\n" + " " * depth, "[]" if is_list else "{}"
    return left + pad + " " + ("," + pad + " ").join(lines) + pad + right


def differences(old, new):
    """Yield what changed between two catalogues, a line each."""
    yield from (f"changed: {key}" for key in new if key != "ops" and old.get(key) != new[key])
    before, after = old.get("ops", {}), new["ops"]
    for path in sorted(before | after):
        was, now = before.get(path), after.get(path)
        if was is None or now is None:
            yield f"{'added' if was is None else 'removed'}: {path}"
        elif was != now:
            fields = [key for key in now if was.get(key) != now[key] and key != "params"]
            sides = (was["params"], now["params"])
            changed = {p["name"] for a, b in (sides, sides[::-1]) for p in a if p not in b}
            yield f"changed: {path}: {', '.join(fields + sorted(changed))}"


def main():
    """Write the catalogue, or with --check compare it with the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, do not write")
    check = parser.parse_args().check
    new = catalogue()
    text = render(new) + "\n"
    old = OUT.read_text(encoding="utf-8") if OUT.exists() else "{}"
    print(f"{len(new['ops'])} ops of Keras {new['keras']}; {OUT.name} is", end=" ")
    print("up to date" if old == text else "out of date" if check else "written")
    if old != text:
        print(*differences(json.loads(old), new), sep="\n")
    if not check:
        OUT.write_text(text, encoding="utf-8")
    return int(check and old != text)


if __name__ == "__main__":
    sys.exit(main())
