import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import specxai
from specxai.errors import LoadError, TargetError
from specxai.models import load_model
from specxai.models.declared import Declared, class_names, read_class_names, read_declared

NAMES = ("cat", "dog, big", "crane")
FILE = Path("net.py")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("names.txt", "cat\ndog, big\ncrane\n\n"),
        ("bom.txt", "\ufeffcat\r\ndog, big\r\ncrane"),
        ("list.json", json.dumps(NAMES)),
        ("map.json", json.dumps({"2": "crane", "0": "cat", "1": "dog, big"})),
        ("config.json", json.dumps({"id2label": dict(enumerate(NAMES)), "hidden": 3})),
        ("plain.csv", 'cat\n"dog, big"\ncrane\n'),
        ("numbers.csv", '0,cat\n2,crane\n1,"dog, big"\n'),
        ("heading.CSV", 'number,name\n0, cat\n1,"dog, big"\n2,crane\n'),
    ],
)
def test_class_names_are_read_from_files(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_class_names(tmp_path / name) == NAMES


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gap.txt", b"cat\n\ncrane\n", "number 1 is '', which is no name"),
        ("gap.csv", b"0,cat\n2,crane\n", "no name for output 1"),
        ("twice.csv", b"0,cat\n0,dog\n1,crane", "an output is named twice"),
        ("wide.csv", b"0,cat,3\n", "'0,cat,3' is no number and name"),
        ("bad.json", b"[", "cannot be read"),
        ("number.json", b"3", "not int"),
        ("letters.json", b'{"a": "cat"}', "by the numbers"),
        ("binary.txt", b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_files_that_name_no_classes(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LoadError, match=message) as caught:
        read_class_names(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"class names .*none\.txt' does not exist"):
        read_class_names(tmp_path / "none.txt")


def test_a_module_declares_names() -> None:
    given = SimpleNamespace(
        CLASSES={1: "dog", 0: "cat"},
        FEATURES=["span", "mass"],
        UNITS={"mass": "kg"},
        GROUPS={"size": ["span", 1]},
    )
    expected = Declared(("cat", "dog"), ("span", "mass"), ("", "kg"), {"size": ("span", "mass")})
    assert read_declared(given, FILE) == expected
    assert read_declared(SimpleNamespace(FEATURES=("a", "b"), UNITS=["m", "s"]), FILE).units == (
        "m",
        "s",
    )


def test_numbers_and_sizes_of_the_same_name_are_left_alone() -> None:
    given = SimpleNamespace(CLASSES=10, FEATURES=3, UNITS=[64, 64], GROUPS=8)
    assert read_declared(given, FILE) == Declared()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"CLASSES": ["a"], "OUTPUTS": ["b"]}, "give the one or the other"),
        ({"OUTPUTS": "stress"}, "OUTPUTS in 'net.py': give a list of names, not str"),
        ({"CLASSES": "cat"}, "CLASSES in 'net.py': give a list of names, not str"),
        ({"CLASSES": ["cat", 3]}, "number 1 is 3, which is no name"),
        ({"CLASSES": {0: "cat", 2: "dog"}}, "no name for output 1"),
        ({"FEATURES": ["a"], "UNITS": ["m", "s"]}, "UNITS in 'net.py': give one for each of the 1"),
        ({"FEATURES": ["a"], "UNITS": {"b": "m"}}, "'b' is none of FEATURES"),
        ({"FEATURES": ["a"], "GROUPS": {"g": ["b"]}}, "group 'g': 'b' is none of FEATURES"),
        ({"FEATURES": ["a"], "GROUPS": {"g": [1]}}, "group 'g': 1 is none of FEATURES"),
        ({"FEATURES": ["a"], "GROUPS": {"g": "a"}}, "from each group to a list"),
        ({"FEATURES": ["a"], "GROUPS": ["a"]}, "from each group to a list"),
    ],
)
def test_names_that_do_not_fit(given: dict[str, object], message: str) -> None:
    with pytest.raises(LoadError, match=message):
        read_declared(SimpleNamespace(**given), FILE)


def test_a_network_keeps_what_its_file_declares(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(
        "from torch import nn\nCLASSES = 'cat', 'dog'\nFEATURES = 'a', 'b', 'c'\n"
        "UNITS = {'a': 'm'}\nGROUPS = {'g': ['a', 'c']}\nnet = nn.Linear(3, 2).eval()\n"
    )
    model = load_model(f"{file}:net")
    assert model.classes == ("cat", "dog")
    assert model.features == ("a", "b", "c")
    assert model.units == ("m", "", "")
    assert model.groups == {"g": ("a", "c")}
    assert model.class_name(1) == "dog"
    assert (model.class_index("dog"), model.class_index("-2")) == (1, 0)
    model.check_class_count(2)


def test_outputs_that_are_no_classes_have_names_and_no_probability(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(
        "import torch\ntorch.manual_seed(0)\nfrom torch import nn\n"
        "OUTPUTS = 'deflection [mm]', 'stress'\nnet = nn.Linear(3, 2).eval()\n"
    )
    model = load_model(f"{file}:net")
    assert not model.exclusive
    ex = specxai.explain(model, torch.ones(1, 3), target=1, baseline="zero")
    assert (ex.target_name, ex.probability) == ("stress", None)
    assert "probability" not in repr(ex)
    with pytest.raises(TargetError, match=r"outputs, deflection \[mm\], stress: say which"):
        specxai.explain(model, torch.ones(1, 3), baseline="zero")


def test_other_names_take_the_place_of_those_a_network_brings(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("one\ntwo\n")
    (tmp_path / "net.py").write_text("from torch import nn\nnet = nn.Linear(3, 2).eval()\n")
    spec = f"{tmp_path / 'net.py'}:net"
    assert load_model(spec).classes is None
    assert load_model(spec, classes=tmp_path / "names.txt").classes == ("one", "two")
    model = load_model(spec, classes=["a", "b", "c"])
    outputs = model.module(torch.zeros(1, 3)).shape[1]
    with pytest.raises(TargetError, match=r"3 class names for the 2 outputs of net\.py:net"):
        model.check_class_count(outputs)


def test_names_by_number() -> None:
    assert class_names({"1": "dog", "0": "cat"}) == ("cat", "dog")
