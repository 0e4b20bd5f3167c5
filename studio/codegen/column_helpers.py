"""Functions that a script brings along for the columns of a table."""

COLUMN_HELPERS = {
    "fill_missing": '''def fill_missing(features, values, flags=False):
    """Returns features with values where there are none: NaN, or an empty text."""
    filled = dict(features)
    for name, value in values.items():
        column = features[name]
        missing = column == "" if column.dtype == "string" else tf.math.is_nan(column)
        filled[name] = tf.where(missing, tf.constant(value, column.dtype), column)
        if flags:
            filled[f"{name}_missing"] = tf.cast(missing, "float32")
    return filled''',
    "date_parts": '''def date_parts(features, column, parts):
    """Returns features with the parts of a date, 2024-03-01 18:30, in its place."""
    features = dict(features)
    dates = features.pop(column)
    pattern = r"\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])"
    timed = {"hour", "minute"} & set(parts)
    pattern += r"[T ]\\d\\d:\\d\\d.*" if timed else ".*"
    sound = tf.strings.regex_full_match(dates, pattern)
    wrong = tf.boolean_mask(tf.reshape(dates, [-1]), tf.reshape(~sound, [-1]))
    what = f"{column} has what is no date{' with a time' if timed else ''}:"
    checked = tf.debugging.Assert(tf.reduce_all(sound), [what, wrong])
    with tf.control_dependencies([checked]):
        dates = tf.identity(dates)
    places = {"year": (0, 4), "month": (5, 2), "day": (8, 2)}
    places |= {"hour": (11, 2), "minute": (14, 2)}

    def number(part):
        return tf.strings.to_number(tf.strings.substr(dates, *places[part]), "int32")

    for part in parts:
        if part != "weekday":
            features[f"{column}_{part}"] = number(part)
            continue
        # January and February count as the last months of the year before.
        year = number("year") - tf.cast(number("month") < 3, "int32")
        shift = tf.gather([6, 2, 1, 4, 6, 2, 4, 0, 3, 5, 1, 3], number("month") - 1)
        leaps = year // 4 - year // 100 + year // 400
        features[f"{column}_weekday"] = (year + leaps + shift + number("day")) % 7
    return features''',
}
