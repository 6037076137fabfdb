"""Which topics are streams."""

import pytest

from stillwatch.runtime.errors import InputError
from stillwatch.runtime.mqtt.topics import Source, TopicPattern, check_prefix


@pytest.mark.parametrize(
    ("pattern", "topic", "source"),
    [
        ("plant/+/+", "plant/a/pump", Source("plant/a/pump", None)),
        ("plant/+/+", "plant/a", None),
        ("plant/+/+", "plant/a/b/c", None),
        ("plant/#", "plant", Source("plant", None)),
        ("plant/#", "plant/a/b/c", Source("plant/a/b/c", None)),
        ("#", "$SYS/broker", None),
        ("+/a", "$SYS/a", None),
        ("plant/{channel}/now", "plant/flow/now", Source("plant/now", "flow")),
        ("plant/+/{channel}", "plant/a/flow", Source("plant/a", "flow")),
        ("plant/+/{channel}", "field/a/flow", None),
        ("plant//+", "plant//a", Source("plant//a", None)),
    ],
)
def test_what_a_topic_stands_for(pattern: str, topic: str, source: Source | None) -> None:
    assert TopicPattern.parse(pattern).source(topic) == source


def test_the_filter_that_the_broker_is_asked_for() -> None:
    assert TopicPattern.parse("plant/+/{channel}").filter == "plant/+/+"


@pytest.mark.parametrize(
    "text",
    ["", "a/#/b", "a+", "a/b#", "{channel}", "{channel}/{channel}", "a/{device}", "a/x{channel}",
     "a\0b", "a" * 65_536],
)  # fmt: skip
def test_no_filter(text: str) -> None:
    with pytest.raises(InputError, match="expected a topic filter"):
        TopicPattern.parse(text)


def test_answers_that_would_come_back_are_refused() -> None:
    patterns = [TopicPattern.parse("+/+/+")]
    with pytest.raises(InputError, match="bring back"):
        check_prefix("stillwatch", patterns)
    assert check_prefix("stillwatch/", [TopicPattern.parse("plant/#")]) == "stillwatch"
    with pytest.raises(InputError, match="expected a prefix"):
        check_prefix("a/+", patterns)
