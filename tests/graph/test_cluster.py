"""Roles, addresses and TF_CONFIG: what is made of them, and each mistake with its mend."""

from __future__ import annotations

import json

import pytest

from studio.graph.checks import check
from studio.graph.cluster import (
    PS,
    Task,
    check_cluster,
    check_roles,
    counts,
    host_of,
    leader,
    parse_roles,
    read_tf_config,
    tasks,
    tf_config,
    wrong_address,
)
from studio.graph.document import Distribution, Project
from studio.graph.ops.strategies import MIRRORED, MULTI_WORKER, PARAMETER_SERVER
from studio.graph.problems import StudioError

W = ["a:1", "b:1"]


def test_roles_are_read_in_any_order_and_told_in_one():
    roles = parse_roles(" ps=1, worker=2,chief=1 ")
    assert list(roles.items()) == [("chief", 1), ("worker", 2), ("ps", 1)]
    assert tasks(roles) == [("chief", 0), ("worker", 0), ("worker", 1), ("ps", 0)]
    assert parse_roles("worker=3,chief=0") == {"worker": 3}
    assert leader(roles) == ("chief", 0)
    assert leader({"worker": 2}) == ("worker", 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", 'names "", which is no role'),
        ("wroker=2", 'Did you mean "worker"?'),
        ("worker", 'worker is "" in "worker"; expected a whole number'),
        ("worker=two", 'worker is "two"'),
        ("worker=-1", 'worker is "-1"'),
        ("worker=1.5", 'worker is "1.5"'),
        ("worker=99999999999999999", "up to 1,000"),
        ("worker=1,worker=2", "names worker twice"),
        ("worker=1,evaluator=1", "leave the evaluator out"),
        ("master=1", "The roles are chief, worker, ps"),
        ("worker=1,,ps=1", "no role"),
    ],
)
def test_what_is_no_number_of_tasks_is_a_sentence(text, said):
    with pytest.raises(StudioError) as told:
        parse_roles(text)
    assert said in str(told.value)
    assert str(told.value).endswith((".", "?"))


@pytest.mark.parametrize(
    ("cluster", "strategy", "said"),
    [
        ({"worker": W}, MULTI_WORKER, []),
        ({"chief": ["c:1"], "worker": W}, MULTI_WORKER, []),
        ({"chief": ["c:1"], "worker": W, "ps": ["d:1"]}, PARAMETER_SERVER, []),
        ({}, MULTI_WORKER, []),
        ({}, MIRRORED, []),
        ({"worker": ["[::1]:2222", "[fe80::2]:2222"]}, MULTI_WORKER, []),
        ({"worker": ["node_1.rack-2.example:65535", "10.0.0.1:1"]}, MULTI_WORKER, []),
        ({"worker": W}, MIRRORED, ["MirroredStrategy trains in one process"]),
        ({"chief": ["c:1"]}, MULTI_WORKER, ["has no worker"]),
        ({"worker": []}, MULTI_WORKER, ["has no worker"]),
        ({"chief": ["c:1", "d:1"], "worker": W}, MULTI_WORKER, ["has 2 chiefs; expected one"]),
        ({"worker": W, "ps": ["d:1"]}, MULTI_WORKER, ["has a ps"]),
        ({"worker": W, "ps": ["d:1"]}, PARAMETER_SERVER, ["has no chief"]),
        ({"chief": ["c:1"], "worker": W}, PARAMETER_SERVER, ["has no ps"]),
        ({"worker": W}, PARAMETER_SERVER, ["has no ps", "has no chief"]),
        ({"wrokers": W, "worker": ["c:1"]}, MULTI_WORKER, ['Did you mean "worker"?']),
        ({"worker": ["a", "b:1"]}, MULTI_WORKER, ['worker[0]: is "a", which has no port']),
        ({"worker": ["::1", "b:1"]}, MULTI_WORKER, ["which has no port"]),
        ({"worker": ["[::1]", "b:1"]}, MULTI_WORKER, ["which has no port"]),
        ({"worker": ["a:0"]}, MULTI_WORKER, ["expected a port from 1 to 65535"]),
        ({"worker": ["a:65536"]}, MULTI_WORKER, ["expected a port from 1 to 65535"]),
        ({"worker": ["a:²"]}, MULTI_WORKER, ["expected a port from 1 to 65535"]),
        ({"worker": ["a:"]}, MULTI_WORKER, ["expected a port from 1 to 65535"]),
        ({"worker": [":1"]}, MULTI_WORKER, ['"" is no name of a host']),
        ({"worker": ["grpc://a:1"]}, MULTI_WORKER, ["Write a:1."]),
        ({"worker": ["a;reboot:1"]}, MULTI_WORKER, ["no name of a host"]),
        ({"worker": ["-oProxyCommand=x:1"]}, MULTI_WORKER, ["no name of a host"]),
        ({"worker": ["a\n:1"]}, MULTI_WORKER, ["no name of a host"]),
        ({"worker": ["[::1%eth0]:1"]}, MULTI_WORKER, ["no name of a host"]),
        ({"worker": [5]}, MULTI_WORKER, ["is 5; expected a text"]),
        (
            {"chief": ["A:1"], "worker": ["b:1", "a:1"]},
            MULTI_WORKER,
            ['distribution.cluster.worker[1]: is "a:1", the address of chief 0 too'],
        ),
    ],
)
def test_a_cluster_is_right_or_told_with_its_mend(cluster, strategy, said):
    found = check_cluster(cluster, strategy)
    assert len(found) == len(said)
    for problem, words in zip(found, said, strict=True):
        assert words in problem.sentence()
        assert problem.hint.endswith((".", "?"))


def test_numbers_of_tasks_are_checked_like_a_cluster():
    assert check_roles({"worker": 2}, MULTI_WORKER) == []
    (told,) = check_roles({"chief": 1, "ps": 1}, PARAMETER_SERVER, "--tasks")
    assert told.sentence().startswith("--tasks: has no worker")


def test_each_task_gets_a_config_that_says_the_same_when_it_is_read():
    cluster = {"worker": ("a:1", "b:2"), "ps": ("c:3",), "chief": ("d:4",)}
    for role, index in tasks(counts(cluster)):
        text = tf_config(cluster, role, index)
        assert "\n" not in text
        value = json.loads(text)
        assert list(value["cluster"]) == ["chief", "worker", "ps"]
        assert value["task"] == {"type": role, "index": index}
        plain = {"chief": ["d:4"], "worker": ["a:1", "b:2"], "ps": ["c:3"]}
        assert read_tf_config(text, PARAMETER_SERVER) == Task(plain, role, index)
    assert host_of("[::1]:2222") == "[::1]"


def _config(cluster: object = None, task: object = None, **more: object) -> str:
    cluster = {"worker": W} if cluster is None else cluster
    return json.dumps({"cluster": cluster, "task": task, **more})


@pytest.mark.parametrize(
    ("text", "strategy", "said"),
    [
        ("{'cluster'", "", "TF_CONFIG is not JSON"),
        ("", "", "TF_CONFIG is not JSON"),
        ("[]", "", "TF_CONFIG: names no cluster; found []"),
        ("{}", "", "names no cluster"),
        (_config({"worker": "a:1"}), "", 'TF_CONFIG.cluster.worker: is "a:1"; expected a list'),
        (_config(), "", "doesn't say which task this is"),
        (_config(task={"index": 0}), "", "doesn't say which task this is"),
        (_config({}, {"type": "worker", "index": 0}), "", "names no task"),
        (_config(task={"type": "worker", "index": 2}), "", "expected a number from 0 to 1"),
        (_config(task={"type": "worker", "index": -1}), "", "expected a number from 0 to 1"),
        (_config(task={"type": "worker", "index": True}), "", "is true"),
        (_config(task={"type": "worker"}), "", "is null"),
        (
            _config({"worker": ["a:1"]}, {"type": "worker", "index": 1}),
            "",
            "one worker; ",
        ),
        (_config(task={"type": "wroker", "index": 0}), "", 'Did you mean "worker"?'),
        (_config(task={"type": "chief", "index": 0}), "", "of which the cluster has no task"),
        (_config({"worker": ["a"]}, {"type": "worker", "index": 0}), "", "has no port"),
        (
            _config({"worker": W, "ps": ["c:1"]}, {"type": "ps", "index": 0}),
            MULTI_WORKER,
            "TF_CONFIG.cluster: has a ps",
        ),
        (_config({"worker": W, "ps": ["c:1"]}, {"type": "ps", "index": 0}), "", "has no chief"),
    ],
)
def test_a_config_that_fits_nothing_is_a_sentence(text, strategy, said):
    with pytest.raises(StudioError) as told:
        read_tf_config(text, strategy)
    assert said in str(told.value)


def test_what_others_write_into_a_config_is_read():
    text = _config(task={"type": "worker", "index": "1"}, environment="cloud", rpc_layer="grpc")
    assert read_tf_config(text) == Task({"worker": W}, "worker", 1)


def test_the_cluster_of_a_project_is_checked():
    def codes(strategy: Distribution) -> list[str]:
        return [each.code for each in check(Project(distribution=strategy)).problems]

    assert codes(Distribution(MULTI_WORKER, cluster={"worker": ("a:1",)})) == []
    assert codes(Distribution(MULTI_WORKER, cluster={PS: ("a:1",)})) == ["bad-cluster"] * 2
    assert codes(Distribution("no.such.Op", cluster={PS: ("a:1",)})) == ["unknown-op"]
    wrong = Distribution(MULTI_WORKER, cluster={"worker": ("a",)})
    (told,) = check(Project(distribution=wrong)).problems
    assert told.sentence().startswith('distribution.cluster.worker[0]: is "a", which has no port.')
    assert wrong_address("a:1") is None
