"""What every `predict.py` has: how arrays are read, rows predicted, and answers written."""

from __future__ import annotations

HELPERS = {
    "read_arrays": '''def read_arrays(path):
    """Returns the rows in a file of arrays: one in .npy, several by name in .npz."""
    if path.suffix not in (".npy", ".npz"):
        raise ValueError(f"it ends in {path.suffix!r}, which isn't known here")
    loaded = np.load(path, allow_pickle=False)
    arrays = {"": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    if len(arrays) == len(ROWS) == 1:  # whatever it is called
        arrays = dict(zip(ROWS, arrays.values()))
    rows = {}
    for name, (shape, dtype) in ROWS.items():
        if name not in arrays:
            raise ValueError(f"it has no array {name!r}, but {', '.join(arrays)}")
        array = arrays[name] if dtype == "string" else arrays[name].astype(dtype)
        sizes = array.shape[1:]
        fits = len(sizes) == len(shape) and all(
            wanted in (None, size) for wanted, size in zip(shape, sizes)
        )
        if not fits:
            raise ValueError(
                f"it has rows of the shape {sizes}, not {shape}, in {name!r}"
            )
        rows[name] = array
    return rows.get("", rows)''',
    "predict": '''def predict(model, rows):
    """Returns what the model gives for rows, by output, as arrays."""
    features = prepare(rows)
    count = tf.nest.flatten(features)[0].shape[0]
    parts = []
    for start in range(0, count, AT_ONCE):
        part = tf.nest.map_structure(lambda x: x[start : start + AT_ONCE], features)
        made = model(part, training=False)
        if not isinstance(made, dict):
            several = isinstance(made, (list, tuple))
            made = dict(zip(OUTPUTS, made if several else [made]))
        parts.append(made)
    return {name: np.concatenate([part[name] for part in parts]) for name in OUTPUTS}''',
    "classes": '''def classes_of(name, values, names, logits):
    """Returns the likeliest class of each row, and its probability."""
    values = np.asarray(tf.nn.softmax(values)) if logits else values
    chosen = np.asarray(names)[values.argmax(-1)].reshape(len(values), -1)
    likely = values.max(-1).reshape(len(values), -1).mean(-1)
    return {name: [" ".join(row) for row in chosen], f"{name}_probability": likely}''',
    "binary": '''def binary_of(name, values, names, logits):
    """Returns the likelier of two classes for each row, and its probability."""
    second = np.asarray(tf.sigmoid(values) if logits else values)[:, 0]
    likely = np.where(second > 0.5, second, 1 - second)
    chosen = [names[int(each)] for each in second > 0.5]
    return {name: chosen, f"{name}_probability": likely}''',
    "labels": '''def labels_of(name, values, names, logits):
    """Returns the labels that each row is likely to have."""
    likely = np.asarray(tf.sigmoid(values) if logits else values) > 0.5
    return {name: [" ".join(np.asarray(names)[row]) for row in likely]}''',
    "values": '''def values_of(name, values):
    """Returns a column for each number of an output."""
    flat = values.reshape(len(values), -1).T
    if len(flat) == 1:
        return {name: flat[0]}
    return {f"{name}_{index}": column for index, column in enumerate(flat)}''',
    "write_table": '''def write_table(columns, path):
    """Writes columns as .csv, or .json by the path's ending; prints them without one."""
    columns = {name: np.asarray(column).tolist() for name, column in columns.items()}
    rows = list(zip(*columns.values()))
    if path is not None and path.suffix == ".json":
        path.write_text(json.dumps([dict(zip(columns, row)) for row in rows]) + "\\n")
        return
    file = sys.stdout if path is None else open(path, "w", newline="", encoding="utf-8")
    writer = csv.writer(file, lineterminator="\\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([f"{x:.6g}" if isinstance(x, float) else x for x in row])
    if path is not None:
        file.close()''',
    "main": '''def main():
    """Reads rows, predicts them, and writes a table of the answers."""
    parser = argparse.ArgumentParser(description=__doc__.split("\\n", 1)[0])
    parser.add_argument("file", type=Path, help="the rows")
    parser.add_argument("--model", type=Path, default=MODEL, help="the saved model")
    text = "a table (.csv or .json), or the outputs as they are (.npz)"
    parser.add_argument("-o", "--output", type=Path, help=text)
    options = parser.parse_args()
    for path in (options.file, options.model):
        if not path.exists():
            sys.exit(f"{path} is not there.")
    try:
        rows, numbers = read_rows(options.file)
    except (KeyError, OSError, StopIteration, ValueError, tf.errors.OpError) as error:
        sys.exit(f"{options.file} can't be read: {str(error).rstrip('.')}.")
    outputs = predict(keras.models.load_model(options.model, compile=False), rows)
    if options.output is not None and options.output.suffix == ".npz":
        np.savez(options.output, **outputs)
    else:
        columns = answers(outputs)
        if numbers is not None:  # some have been left out
            columns = {"row": numbers} | columns
        write_table(columns, options.output)


if __name__ == "__main__":
    main()''',
}
