"""AutoGraph's code made readable: what it does stays, what only AutoGraph needs goes."""

from __future__ import annotations

import tensorflow as tf

from studio.engine.plain_autograph import plain


def straight(x, scale):
    y = tf.multiply(x, scale, name="y")
    return tf.add(y, 1)


def branching(x):
    if tf.reduce_sum(x) > 0:
        return x
    return -x


def looping(x):
    for _ in tf.range(3):
        x = x * 2
    return x


def test_a_straight_function_is_what_was_written() -> None:
    text = plain(tf.autograph.to_code(straight))
    assert text == (
        "def straight(x, scale):\n    y = tf.multiply(x, scale, name='y')\n    return tf.add(y, 1)"
    )


def test_branches_and_loops_stay_as_autograph_has_them() -> None:
    text = plain(tf.autograph.to_code(branching))
    assert "ag__.if_stmt(tf.reduce_sum(x) > 0, if_body, else_body" in text
    assert "retval_ = x" in text
    assert text.endswith("return retval_")
    text = plain(tf.autograph.to_code(looping))
    assert "ag__.for_stmt(tf.range(3)," in text
    assert text.endswith("return x")


def test_nothing_of_the_scopes_is_left_and_it_is_python() -> None:
    for function in (straight, branching, looping):
        text = plain(tf.autograph.to_code(function))
        compile(text, "plain", "exec")
        for word in ("FunctionScope", "converted_call", "ag__.ld(", "tf__", "fscope"):
            assert word not in text, text


def test_what_is_no_python_is_left_as_it_is() -> None:
    assert plain("def f(:") == "def f(:"
