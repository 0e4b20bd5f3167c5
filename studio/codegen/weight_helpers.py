"""Functions that a script brings along when its model starts from the weights of a file."""

from __future__ import annotations

CHOOSE = '''def choose_layers(path, own, given, by, skip_mismatch):
    """Returns pairs of layers, one of the model and one of a file, and tells the rest.

    A layer is a name and the shapes of its arrays, by what it is found by: its place
    in the structure, or its name, in which blocks may be joined by / or by _.
    """
    flat = {str(key).replace("/", "_"): key for key in given}
    pairs, missing, wrong = [], [], []
    for key, (name, shapes) in own.items():
        other = key if key in given else flat.get(str(key).replace("/", "_"))
        if other is None:
            missing.append(f"{name} is not in the file")
        elif given[other][1] == shapes:
            pairs.append((key, other))
        else:
            wrong.append(f"{name} {difference(given[other][1], shapes)}")
    if by == "structure":
        unknown = [name for key, (name, _) in given.items() if key not in own]
        wrong += missing + [f"{name} is not in the model" for name in unknown]
        missing = []
    apart = wrong + missing
    told = "; ".join(apart[:12]) + (f"; {len(apart) - 12} more" if apart[12:] else "")
    if not pairs or (wrong and not skip_mismatch):
        raise ValueError(f"the weights in {path} don't fit the model: {told}")
    print(f"loaded {len(pairs)} of {len(own)} layers from {path}", end="")
    print(f"; kept as made: {told}" if told else "", flush=True)
    return pairs


def difference(given, shapes):
    """Returns how the shapes of a layer's arrays in a file differ from the model's."""
    if len(given) != len(shapes):
        return f"has {len(given)} arrays, not {len(shapes)}"
    pairs = zip(given.values(), shapes.values())
    return next((f"{one} is not {other}" for one, other in pairs if one != other), "")'''

ARRAYS = '''def stored_layers(file, by):
    """Returns the layers in a file of weights, and their arrays, by place or by name."""
    paths, layers, arrays = [], {}, {}
    file.visit(paths.append)  # which follows no links
    for path in paths:
        group, _, number = path.rpartition("/")
        parts, array = group.split("/"), file[path]
        if parts[-1] != "vars" or parts[0] == "optimizer":
            continue  # a group, or what is no layer's
        if not isinstance(array, h5py.Dataset) or array.external or array.is_virtual:
            raise ValueError(f"{path} is no array in the file")
        above = ["/".join([*parts[:depth], "vars"]) for depth in range(1, len(parts))]
        names = [file[each].attrs.get("name") for each in above if each in paths]
        named = bool(names) and all(names)
        name = "/".join(names) if named else "/".join(parts[:-1]) or "the model itself"
        key = name if by == "name" and (named or len(parts) == 1) else group
        while key in layers and arrays[key][0] != group:
            key += "'"  # a second layer of the same name
        brain = array.attrs.get("dtype") == "bfloat16"
        layers.setdefault(key, (name, {}))[1][number] = (
            f"{array.shape} bfloat16" if brain else array.shape
        )
        arrays.setdefault(key, (group, {}))[1][number] = array
    return layers, {key: found for key, (_, found) in arrays.items()}


def load_weights(model, path, by="structure", skip_mismatch=False):
    """Loads the layers of a file that fit those of the model, and prints which they do."""
    with (
        tempfile.TemporaryDirectory() as folder,
        {opened} as stored,
    ):
        made = Path(folder, "made.weights.h5")
        model.save_weights(made)
        with h5py.File(made, "r+") as file:
            own, places = stored_layers(file, by)
            given, values = stored_layers(stored, by)
            for key, other in choose_layers(path, own, given, by, skip_mismatch):
                for number, place in places[key].items():
                    place[...] = values[other][number][()]
        model.load_weights(made)'''
"""For .weights.h5 and .keras: the model's own file is filled from the other, and loaded whole."""

OPENED = {
    ".keras": """zipfile.ZipFile(path) as archive,
        archive.open("model.weights.h5") as inner,
        h5py.File(inner, "r")""",
    ".weights.h5": 'h5py.File(path, "r")',
}

LEGACY = '''def names_in(group, what):
    """Returns a list of names in the attributes of a group, where a long one is in parts."""
    parts = [what] if what in group.attrs else []
    while not parts or f"{what}{len(parts)}" in group.attrs:
        parts.append(f"{what}{len(parts)}")
    names = [name for part in parts for name in group.attrs.get(part, ())]
    return [each.decode() if isinstance(each, bytes) else each for each in names]


def stored_layers(file):
    """Returns the arrays of each layer in a legacy file, by its name and theirs."""
    inside = isinstance(file.get("model_weights", getlink=True), h5py.HardLink)
    root = file["model_weights"] if inside else file
    paths, layers = [], {}
    root.visit(paths.append)  # which follows no links
    for name in names_in(root, "layer_names") if paths else ():
        places = [f"{name}/{each}" for each in names_in(root[name], "weight_names")]
        arrays = [root[place] for place in places if place in paths]
        if len(arrays) < len(places) or any(a.external or a.is_virtual for a in arrays):
            raise ValueError(f"{name} is not whole in the file")
        if arrays:
            layers[name] = dict(zip(names_in(root[name], "weight_names"), arrays))
    return layers


def load_weights(model, path, by="structure", skip_mismatch=False):
    """Loads the layers of a file that fit those of the model, and prints which they do."""

    def found(layers):
        """The name and shapes of each layer that has arrays, by place or by name."""
        shapes = {
            name: (name, dict(enumerate(tuple(each.shape) for each in arrays.values())))
            for name, arrays in layers.items()
        }
        return shapes if by == "name" else dict(enumerate(shapes.values()))

    own = {}
    with h5py.File(path, "r") as file:
        given = stored_layers(file)
        for layer in model.layers:
            # A legacy file has the arrays that aren't trained behind those that are.
            weights = layer.trainable_weights + layer.non_trainable_weights
            arrays = {each.path: each for each in weights}
            names = given.get(layer.name, {})
            if arrays.keys() == names.keys():
                arrays = {name: arrays[name] for name in names}
            if weights:
                own[layer.name] = arrays
        pairs = choose_layers(path, found(own), found(given), by, skip_mismatch)
        for key, other in pairs:
            variables = own[key] if by == "name" else list(own.values())[key]
            arrays = given[other] if by == "name" else list(given.values())[other]
            for variable, array in zip(variables.values(), arrays.values()):
                variable.assign(array[()])'''

CHECKPOINT = '''def stored_layers(prefix, by):
    """Returns the layers in a checkpoint, and their arrays' keys, by place or by name."""
    reader = tf.train.load_checkpoint(prefix)
    graph = trackable_object_graph_pb2.TrackableObjectGraph()
    graph.ParseFromString(reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH"))
    shapes = reader.get_variable_to_shape_map()
    top = {child.local_name: child.node_id for child in graph.nodes[0].children}
    root = graph.nodes[top.get("model", 0)]
    # The variables of a class are called alike: its layers go by their attributes.
    of_class = all(child.local_name != "_operations" for child in root.children)
    todo, seen = [("", top.get("model", 0))], set()
    layers, keys = {}, {}
    while todo:
        place, number = todo.pop()
        if number in seen:
            continue
        seen.add(number)
        node = graph.nodes[number]
        for child in reversed(node.children):
            if place or child.local_name != "optimizer":
                todo.append((f"{place}/{child.local_name}", child.node_id))
        for each in node.attributes:
            if each.checkpoint_key in shapes:
                parent, _, last = place.rpartition("/")
                name = each.full_name.rpartition("/")[0]
                name = parent.strip("/") if of_class or not name else name
                key = name if by == "name" else parent
                last = place if (key, last) in keys else last
                found = layers.setdefault(key, (name, {}))[1]
                found[last] = tuple(shapes[each.checkpoint_key])
                keys[key, last] = (place, each.checkpoint_key)
    return reader, layers, keys


def variable_at(model, place):
    """Returns a variable of a model by its place among the model's objects."""
    for part in place.split("/")[1:]:
        model = model[int(part)] if part.isdigit() else getattr(model, part)
    return model


def load_weights(model, path, by="structure", skip_mismatch=False):
    """Loads the layers of a checkpoint that fit the model's, and prints which they do."""
    with tempfile.TemporaryDirectory() as folder:
        made = tf.train.Checkpoint(model=model).write(f"{folder}/made")
        _, own, places = stored_layers(made, by)
    if len(places) < len(model.weights) and not skip_mismatch:
        raise ValueError("a checkpoint lacks layers that this model keeps in lists")
    reader, given, keys = stored_layers(str(path), by)
    for key, other in choose_layers(path, own, given, by, skip_mismatch):
        for last, given_last in zip(own[key][1], given[other][1]):
            variable = variable_at(model, places[key, last][0])
            variable.assign(reader.get_tensor(keys[other, given_last][1]))'''

BUILD = '''def build_for(model, spec):
    """Builds a model for features of this form; no batch is taken for it."""

    def symbolic(each):
        ragged = isinstance(each, tf.RaggedTensorSpec)
        shape = (None, *each.shape[1:])
        return keras.KerasTensor(shape, each.dtype.name, ragged=ragged)

    model(tf.nest.map_structure(symbolic, spec))'''
