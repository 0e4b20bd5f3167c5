"""What the stages and map functions of tf.data refuse before they run, and with which words."""

from __future__ import annotations

from typing import Any

import pytest

from studio.graph.catalogue.registry import find, of_kind
from studio.graph.elements import Elements, structure_text
from studio.graph.rule import Args
from studio.graph.spec import Refused

from .rules import N, f32, typed
from .test_stages import ENDLESS, LABELLED, SERIES, TEXT, UNKNOWN, mapped, stage

DATASET = "tf.data.Dataset."
WORDS = Elements((typed("string", N), typed("int32")), 10)
NAMED = Elements(({"a": f32(), "b": f32(2)}, typed("int32")), 10)
IMAGES = Elements((f32(8, 8, 1), typed("int32")), 10)
BATCHES = Elements(f32(4, 3), 10)
RAGGED = stage(DATASET + "ragged_batch", WORDS, batch_size=2)
NUMBERS = Elements(typed("int64"), 4)


def call(path: str, **params: Any) -> dict[str, Any]:
    return {"op": f"studio.{path}", "params": params}


def compare(part: list[Any], value: Any, comparison: str = "==") -> dict[str, Any]:
    return call("predicate.compare", part=part, value=value, comparison=comparison)


LENGTH = call("key.length", part=[0])
VALUE = call("key.value", part=[1])
BUCKETS = {"element_length_func": LENGTH, "bucket_boundaries": [3], "bucket_batch_sizes": [2, 2]}


@pytest.mark.parametrize(
    ("name", "given", "params", "words"),
    [
        ("filter", [LABELLED], {"predicate": compare([1], 0.5)}, "Give a whole|with 0.5"),
        ("filter", [LABELLED], {"predicate": compare([1], "a")}, "of another kind"),
        ("filter", [LABELLED], {"predicate": compare([0], 1)}, "takes a single value"),
        ("filter", [LABELLED], {"predicate": compare([2], 1)}, "element doesn't have"),
        ("filter", [LABELLED], {"predicate": compare([], 1)}, "has several parts"),
        ("filter", [TEXT], {"predicate": compare([0], "a", "<")}, "same or not"),
        ("filter", [TEXT], {"predicate": call("predicate.one_of", part=[0], values=[1])}, "kind"),
        ("filter", [TEXT], {"predicate": call("predicate.length", part=[0])}, "single value"),
        ("filter", [NUMBERS], {"predicate": call("predicate.finite")}, "no floats"),
        ("take_while", [LABELLED], {"predicate": compare([1], "a")}, "of another kind"),
        ("unique", [LABELLED], {}, "one tensor of int32"),
        ("unique", [SERIES], {}, "one tensor of int32"),
        ("shard", [SERIES], {"num_shards": 3, "index": 3}, "the shard 3 of 3"),
        ("padded_batch", [WORDS], {"batch_size": 11, "drop_remainder": True}, "would be none"),
        ("padded_batch", [WORDS], {"batch_size": 2, "padded_shapes": [[4]]}, "of 2 parts"),
        ("padded_batch", [WORDS], {"batch_size": 2, "padded_shapes": [[4, 4], []]}, "of axes"),
        ("padded_batch", [WORDS], {"batch_size": 2, "padding_values": [1, 1]}, "another kind"),
        ("padded_batch", [WORDS], {"batch_size": 2, "padding_values": ["", 0.5]}, "fills"),
        ("padded_batch", [LABELLED], {"batch_size": 2, "padded_shapes": [[8, 7], []]}, "smaller"),
        ("padded_batch", [NAMED], {"batch_size": 2, "padded_shapes": [{"a": []}, []]},
         "parts a, b"),
        ("padded_batch", [RAGGED], {"batch_size": 2}, "can't pad a ragged"),
        ("ragged_batch", [WORDS], {"batch_size": 11, "drop_remainder": True}, "would be none"),
        ("unbatch", [LABELLED], {}, "gets a single value"),
        ("unbatch", [Elements((f32(3), f32(4)))], {}, "3 and 4 rows"),
        ("rebatch", [SERIES], {"batch_size": 2}, "gets a single value"),
        ("bucket_by_sequence_length", [WORDS], BUCKETS | {"bucket_batch_sizes": [2]}, "2 buckets"),
        ("bucket_by_sequence_length", [WORDS],
         BUCKETS | {"bucket_boundaries": [3, 3], "bucket_batch_sizes": [1, 1, 1]}, "don't go up"),
        ("bucket_by_sequence_length", [TEXT], BUCKETS, "is a single value"),
        ("group_by_window", [WORDS], {"key_func": call("key.value", part=[0]), "window_size": 2,
                                      "reduce_func": call("reduce.batch", batch_size=2)}, "single"),
        ("window", [SERIES], {"size": 101, "drop_remainder": True}, "take 101 elements"),
        ("batch", [stage(DATASET + "window", SERIES, size=5)], {"batch_size": 2}, "datasets in"),
        ("concatenate", [SERIES], {}, "at least 2"),
        ("concatenate", [SERIES, TEXT], {}, "of different kinds"),
        ("sample_from_datasets", [SERIES, SERIES], {"weights": [1.0]}, "1 weights for 2"),
        ("sample_from_datasets", [SERIES, SERIES], {"weights": [0.0, 0.0]}, "all 0"),
        ("flat_map", [SERIES], {"map_func": call("expand.slices")}, "rows of a single value"),
        ("flat_map", [SERIES], {"map_func": call("expand.windows")}, "but gets tensors"),
        ("interleave", [SERIES], {"map_func": call("expand.lines")}, "opens files"),
        ("interleave", [SERIES], {"map_func": call("expand.records")}, "opens files"),
        ("scan", [LABELLED], {"initial_state": 0, "scan_func": call("scan.running_sum")},
         "numbers"),
        ("scan", [BATCHES], {"initial_state": [1, 2], "scan_func": call("scan.difference")},
         "a state of"),
        ("snapshot", [SERIES], {"path": "a/b"}, "beside the script"),
        ("rejection_resample", [LABELLED], {"class_func": VALUE, "target_dist": [0.5]},
         "makes 0.5"),
        ("rejection_resample", [LABELLED], {"class_func": VALUE, "target_dist": [0.5, 0.5]},
         "labels go up to 9"),
        ("rejection_resample", [WORDS], {"class_func": VALUE, "target_dist": [0.5, 0.5],
                                         "initial_dist": [1.0]}, "2 wanted shares"),
    ],
    ids=lambda each: str(each)[:40],
)  # fmt: skip
def test_a_stage_refuses_what_cannot_be(name, given, params, words) -> None:
    with pytest.raises(Refused, match=words):
        stage(DATASET + name, *given, **params)


def test_choices_are_int64_numbers() -> None:
    op = DATASET + "choose_from_datasets"
    made = run_choice(op, NUMBERS)
    assert str(made) == "elements () float32"
    with pytest.raises(Refused, match="int64 numbers"):
        run_choice(op, SERIES)


def run_choice(op: str, choice: Elements) -> Elements:
    return find(op).rule(Args(find(op).filled({})), (SERIES, UNKNOWN_SERIES), choice)


UNKNOWN_SERIES = Elements(f32(), None)


@pytest.mark.parametrize(
    ("function", "given", "params", "words"),
    [
        ("standardise", LABELLED, {"mean": [1, 2], "deviation": 1}, "2 values as mean"),
        ("standardise", TEXT, {"mean": 0, "deviation": 1}, "standardises numbers"),
        ("parse_numbers", LABELLED, {}, "no text in the features"),
        ("normalise_text", LABELLED, {}, "normalises texts"),
        ("normalise_text", TEXT, {"lower": False, "strip_punctuation": False}, "changes nothing"),
        ("split_words", LABELLED, {}, "splits texts"),
        ("split_words", Elements(typed("string", 2, 2)), {}, "one text an element"),
        ("look_up_words", WORDS, {"vocabulary": ["a", "a"]}, '"a" twice'),
        ("look_up_words", WORDS, {"vocabulary": "no such file.txt"}, "no such file"),
        ("look_up_words", LABELLED, {"vocabulary": ["a"]}, "looks up texts"),
        ("pad", SERIES, {"length": 3}, "gets a single value"),
        ("pad", WORDS, {"length": 3, "value": 0}, "another kind"),
        ("pad", IMAGES, {"length": 3}, "a sequence an element"),
        ("to_dense", WORDS, {}, "features are dense"),
        ("to_ragged", WORDS, {"padding": ""}, "dense batches"),
        ("to_ragged", BATCHES, {"padding": "a"}, "another kind"),
        ("resize", LABELLED, {"height": 3, "width": 3}, "images of"),
        ("resize", TEXT, {"height": 3, "width": 3}, "numbers"),
        ("decode_image", IMAGES, {}, "decodes the bytes of one image"),
        ("decode_image", TEXT, {"height": 3}, "only one of height and width"),
        ("decode_image", TEXT, {"feature": "a"}, 'feature "a", which there isn\'t'),
        ("decode_image", NAMED, {"feature": "c"}, 'feature "c", which there isn\'t'),
        ("decode_image", Elements({"a": TEXT.structure}), {}, "features by name"),
        ("center_crop", IMAGES, {"height": 9, "width": 3}, "out of images of 8 x 8"),
        ("center_crop", Elements(f32(N, N, 3)), {"height": 9, "width": 3}, "of one size"),
        ("standardise_image", SERIES, {}, "images of"),
        ("augment", SERIES, {"layers": [{"op": "keras.layers.RandomFlip"}]}, "images of"),
        ("pick", LABELLED, {"part": [3]}, "element doesn't have"),
        ("to_features_and_label", LABELLED, {"features": [[0], [1]]}, "different kinds"),
        ("select", NAMED, {"names": ["c"]}, "isn't there"),
        ("select", LABELLED, {"names": ["c"]}, "are one tensor"),
        ("drop", NAMED, {"names": ["a", "b"]}, "all features"),
        ("rename", NAMED, {"names": {"a": "b"}}, '"b" to two'),
        ("merge", LABELLED, {}, "objects of a pair"),
        ("merge", Elements(({"a": f32()}, {"a": f32()})), {}, '"a" twice'),
    ],
)
def test_a_map_refuses_elements_it_cannot_change(function, given, params, words) -> None:
    with pytest.raises(Refused, match=words):
        mapped(function, given, **params)


def test_a_promise_that_is_known_to_be_wrong_is_refused() -> None:
    op = "tf.data.experimental.assert_cardinality"
    assert stage(op, UNKNOWN, expected_cardinality=7).count == 7
    assert stage(op, ENDLESS, expected_cardinality=-1).infinite
    with pytest.raises(Refused, match="promises 7 elements, but there are 100"):
        stage(op, SERIES, expected_cardinality=7)


def test_an_option_can_make_the_order_unsteady() -> None:
    assert not stage(DATASET + "with_options", SERIES, autotune=True).unsteady
    assert stage(DATASET + "with_options", SERIES, deterministic=False).unsteady


def test_a_window_is_shown_as_what_it_is() -> None:
    made = stage(DATASET + "window", NAMED, size=3)
    assert structure_text(made.structure) == (
        "({a: dataset of () float32, b: dataset of (2,) float32}, dataset of () int32)"
    )


def test_every_stage_and_function_has_its_help() -> None:
    for op in of_kind("stage", "map", "predicate", "key", "reduce", "expand", "scan"):
        assert op.help.endswith("."), op.path
        assert op.rule is not None, op.path
        assert all(param.help for param in op.params.values()), op.path
