"""The body of a request for predictions: JSON in the two formats of TensorFlow Serving, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from studio.engine.serving.refusal import Refusal
from studio.engine.serving.signature import DEFAULT, Signature
from studio.engine.serving.values import Flat, flat, is_binary, kind_of
from studio.graph.problems import nearest, one_of, quoted

SIGNATURE, ROWS, COLUMNS = "signature_name", "instances", "inputs"
"""The keys of a body: which signature; rows in a list; or columns by the name of their input."""


class Request(Struct, frozen=True):
    """What is asked: rows by input, and whether the answer is to come in columns."""

    signature: Signature
    inputs: dict[str, Flat]
    columns: bool

    def fields(self) -> dict[str, Any]:
        """The fields of the question for the process of the model."""
        return {
            "inputs": {x.name: self.inputs[x.name].told(x.dtype) for x in self.signature.inputs},
            "signature": self.signature.name,
            "columns": self.columns,
        }


def one_row(row: Mapping[str, Any], signature: Signature) -> Request:
    """A request of one row, by input; raises Refusal where it doesn't fit."""
    inputs = {each.name: flat([row[each.name]], each) for each in signature.inputs}
    return Request(signature, inputs, False)


def read_request(body: bytes, signatures: Mapping[str, Signature], default: str) -> Request:
    """The request that a body holds; Refusal with the first thing that is wrong in it.

    `default` names the signature of a body that names none.
    """
    value = _decoded(body)
    if type(value) is not dict:
        raise Refusal(
            f"The body is {kind_of(value)}, but an object is expected: "
            f'{{"{ROWS}": [...]}} or {{"{COLUMNS}": {{...}}}}.'
        )
    for key in value:
        if key not in (SIGNATURE, ROWS, COLUMNS):
            hint = nearest(key, (SIGNATURE, ROWS, COLUMNS))
            keys = f"Expected are {quoted(ROWS)} or {quoted(COLUMNS)}, and {quoted(SIGNATURE)}."
            raise Refusal(f"The key {quoted(key)} isn't known. {hint or keys}")
    signature = _signature(value.get(SIGNATURE, default), signatures)
    if (ROWS in value) == (COLUMNS in value):
        both = "both are" if ROWS in value else "neither is"
        raise Refusal(
            f"Either {quoted(ROWS)} (rows) or {quoted(COLUMNS)} (columns) is expected, but {both} "
            "there."
        )
    columns = COLUMNS in value
    named = _columns(value[COLUMNS], signature) if columns else _rows(value[ROWS], signature)
    inputs = {each.name: flat(named[each.name], each) for each in signature.inputs}
    counts = {name: found.shape[0] for name, found in inputs.items()}
    first, count = next(iter(counts.items()))
    for name, other in counts.items():
        if other != count:
            raise Refusal(
                f"The input {quoted(name)} has {other} rows, but {quoted(first)} has {count}: "
                "all inputs have the same number of rows."
            )
    if not count:
        raise Refusal(
            f"{quoted(COLUMNS if columns else ROWS)} has no row; expected is one or more."
        )
    if signature.rows not in (None, count):
        raise Refusal(f"The model takes {signature.rows} rows at once, but {count} are there.")
    return Request(signature, inputs, columns)


def _decoded(body: bytes) -> Any:
    if not body.strip():
        raise Refusal(f'The body is empty. Expected is an object: {{"{ROWS}": [...]}}.')
    try:
        return msgspec.json.decode(body)
    except RecursionError:
        raise Refusal("The body nests lists or objects too deeply.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        said = str(error).removeprefix("JSON is malformed: ")
        found = re.search(r" \(byte (\d+)\)", said)
        place = int(found[1]) if found else -1
        wrong = re.match(rb"NaN|Infinity|nan|inf", body[place : place + 8]) if found else None
        if wrong:
            raise Refusal(
                f"The body has {wrong[0].decode()} at byte {place}, which JSON doesn't have: "
                "only finite numbers can be predicted from."
            ) from None
        raise Refusal(f"The body is no JSON: {said[:1].lower()}{said[1:200]}.") from None


def _signature(name: Any, signatures: Mapping[str, Signature]) -> Signature:
    if type(name) is not str:
        raise Refusal(f"{quoted(SIGNATURE)} is {kind_of(name)}, but a text is expected.")
    if name == "":
        name = DEFAULT
    if name not in signatures:
        raise Refusal(f"There is no signature {quoted(name)}, but {one_of(signatures)}.")
    return signatures[name]


def _columns(value: Any, signature: Signature) -> dict[str, Any]:
    """The rows of each input, where they are given by input."""
    if type(value) is dict and not _is_bytes(value, signature):
        return _all_there(value, signature, quoted(COLUMNS))
    if not signature.single:
        raise Refusal(
            f"{quoted(COLUMNS)} is {kind_of(value)}, but an object with "
            f"{_names(signature)} is expected."
        )
    return {signature.inputs[0].name: value}


def _rows(value: Any, signature: Signature) -> dict[str, Any]:
    """The rows of each input, where each row holds all inputs, or the only one as it is."""
    if type(value) is not list:
        raise Refusal(f"{quoted(ROWS)} is {kind_of(value)}, but a list of rows is expected.")
    names = [each.name for each in signature.inputs]
    named = [type(row) is dict and not _is_bytes(row, signature) for row in value]
    if not any(named) and signature.single:
        return {names[0]: value}
    for index, (row, is_named) in enumerate(zip(value, named, strict=True)):
        if not is_named:
            more = "as in the rows before it" if signature.single else _names(signature)
            raise Refusal(
                f"Row {index} of {quoted(ROWS)} is {kind_of(row)}, but an object with the inputs "
                f"by name is expected, {more}."
            )
        if len(row) != len(names) or any(name not in row for name in names):
            _all_there(row, signature, f"Row {index} of {quoted(ROWS)}")
    return {name: [row[name] for row in value] for name in names}


def _all_there(value: dict[str, Any], signature: Signature, where: str) -> dict[str, Any]:
    """The object, with every input and no other key."""
    for key in value:
        if signature.input(key) is None:
            names = [each.name for each in signature.inputs]
            hint = nearest(key, names) or f"There is {_names(signature)}."
            raise Refusal(f"{where} has {quoted(key)}, which is no input of the model. {hint}")
    for each in signature.inputs:
        if each.name not in value:
            raise Refusal(
                f"{where} has no input {quoted(each.name)}; expected is {each} for each row."
            )
    return value


def _is_bytes(value: dict[str, Any], signature: Signature) -> bool:
    """Whether an object is the only input's value, and not the inputs by name."""
    return signature.single and is_binary(value) and signature.input("b64") is None


def _names(signature: Signature) -> str:
    first = [quoted(each.name) for each in signature.inputs[:8]]
    more = len(signature.inputs) - len(first)
    return " and ".join(first) + (f" and {more} more" if more > 0 else "")
