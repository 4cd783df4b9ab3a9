import json
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from specxai.errors import LoadError
from specxai.typed_json import decode, encode, plain, record_of


class Kind(StrEnum):
    LARGE = "large"


class Point(NamedTuple):
    name: str
    number: int


@dataclass(frozen=True)
class Thing:
    at: Point
    side: Literal["left", "right"]
    kind: Kind
    sizes: tuple[float, ...]
    where: int | tuple[int, ...] | None
    notes: dict[str, bool]


THING = Thing(Point("a", 1), "left", Kind.LARGE, (0.5, 2.0), (1, 2), {"b": True})


@pytest.mark.parametrize("where", [None, 3, (), (1, 2)])
def test_what_is_written_is_read(where):
    thing = Thing(Point("ä", -1), "right", Kind.LARGE, (), where, {})
    assert decode(json.loads(encode(thing)), Thing, "thing") == thing


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("at",), ["a"]),
        (("at",), ["a", True]),  # a bool is no int
        (("at",), {"name": "a", "number": 1}),
        (("side",), "middle"),
        (("side",), []),
        (("kind",), "LARGE"),
        (("kind",), []),
        (("sizes",), [1.0, "2"]),
        (("where",), [1, None]),
        (("where",), 1.0),
        (("notes",), {"b": 1}),
        (("other",), 1),
        ((), [1]),
    ],
)
def test_what_does_not_fit_is_named(path, value):
    written = json.loads(encode(THING))
    if path:
        written[path[0]] = value
    else:
        written = value
    with pytest.raises(LoadError, match=f"^thing.*{path[0] if path else ''}"):
        decode(written, Thing, "thing")


def test_a_missing_entry_is_named():
    written = json.loads(encode(THING))
    del written["side"]
    with pytest.raises(LoadError, match="thing lacks entries or has unknown ones: side"):
        decode(written, Thing, "thing")


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from("at side kind sizes where notes".split()), ANY) | ANY)
def test_only_one_kind_of_error_escapes(changes):
    written = json.loads(encode(THING))
    value = written | changes if isinstance(changes, dict) else changes
    with suppress(LoadError):
        assert isinstance(decode(value, Thing, "thing"), Thing)


@dataclass(frozen=True)
class Told:
    class_: str
    sizes: torch.Tensor
    parts: tuple[Point, ...]


class Result:
    sizes = torch.tensor([1.0, float("nan")])
    parts = (Point("a", 1),)

    def to_dict(self):
        return {"own": "words"}


def test_a_record_is_made_plain_and_takes_what_a_result_has():
    told = record_of(Told, Result(), class_="cat")
    assert plain(told) == {"class": "cat", "sizes": [1.0, None], "parts": [["a", 1]]}
    assert plain({"result": Result(), "size": torch.tensor(2)}) == {
        "result": {"own": "words"},
        "size": 2,
    }
