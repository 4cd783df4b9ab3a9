"""Many inputs: folders of them, a folder of results for each, and one that fails among others."""

import json
from pathlib import Path

import pytest

from specxai.cli.many import expand_inputs, explain_each, folder_names, tell_each
from specxai.cli.options import ResultOptions
from specxai.cli.similarity import labels
from specxai.errors import LoadError, SpecxaiError
from specxai.tables.many import InputNumbers


def explained(input: str, folder: Path) -> InputNumbers:
    """Stand in for a command: what is called bad cannot be explained."""
    if "bad" in input:
        raise LoadError(f"input '{input}' cannot be read")
    (folder / "result.txt").write_text(input)
    return InputNumbers(input=input, folder=folder.name, target=1, output=2.0, components=3)


def test_folders_are_replaced_by_what_they_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("b.png", "a.npy", "notes.txt"):
        (tmp_path / name).touch()
    found = expand_inputs(["demo:chelsea", str(tmp_path), "absent.png"])
    inside = [str(tmp_path / name) for name in ("a.npy", "b.png")]
    assert found == ["demo:chelsea", *inside, "absent.png"]
    said = capsys.readouterr()
    assert said.err == f"{tmp_path}: 1 left out, no picture and no tensor\n"
    assert said.out == ""


def test_every_input_has_a_folder_of_its_own() -> None:
    inputs = ["cat.jpg", "b/cat.png", "c/CAT.npy", "demo:cat", "cat-2.png", "dog.v2.png"]
    assert folder_names(inputs) == ["cat", "cat-2", "CAT-3", "cat-4", "cat-2-2", "dog.v2"]


def test_one_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    out = tmp_path / "out"
    rows = explain_each(["a.npy", "bad.npy", "b.npy"], out, ["result.txt"], explained)
    assert [row.error for row in rows] == ["", "input 'bad.npy' cannot be read", ""]
    assert sorted(path.name for path in out.iterdir()) == ["a", "b"]
    with pytest.raises(SpecxaiError, match=r"b/result\.txt is there from an earlier run"):
        explain_each(["c.npy", "b.npy"], out, ["result.txt"], explained)
    assert not (out / "c").exists()
    again = explain_each(["c.npy", "b.npy"], out, ["result.txt"], explained, overwrite=True)
    assert not any(row.error for row in again)


def test_faults_that_nobody_foresaw_are_told_too(tmp_path: Path) -> None:
    def odd(input: str, folder: Path) -> InputNumbers:
        if input == "a":
            raise KeyError("what")
        return explained(input, folder)

    first, second = explain_each(["a", "b"], tmp_path, [], odd)
    assert first.error.startswith("unforeseen KeyError: 'what'")
    assert second.error == ""


def test_one_fault_of_all_is_told_once(tmp_path: Path) -> None:
    def refused(input: str, folder: Path) -> InputNumbers:
        raise LoadError("no layer '11'")

    with pytest.raises(SpecxaiError, match=r"^no layer '11'$"):
        explain_each(["a", "b"], tmp_path / "out", [], refused)
    assert not (tmp_path / "out").exists()


def test_the_exit_code_says_that_some_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = explain_each(["a", "bad"], tmp_path, [], explained)
    tell_each(rows[:1], "net", tmp_path, ResultOptions())
    shown = capsys.readouterr().out
    assert shown.startswith("net on 1 inputs\n")
    assert f"wrote {tmp_path}\n" in shown
    with pytest.raises(SystemExit) as caught:
        tell_each(rows, "net", tmp_path, ResultOptions(json=True))
    assert caught.value.code == 3
    printed = json.loads(capsys.readouterr().out)
    assert printed["model"] == "net"
    assert [row["input"] for row in printed["inputs"]] == ["a", "bad"]
    assert printed["inputs"][1]["error"] == "input 'bad' cannot be read"
    with pytest.raises(SystemExit) as caught:
        tell_each(rows[1:], "net", tmp_path, ResultOptions())
    assert caught.value.code == 2
    assert "wrote" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["cat.safetensors", "dog.safetensors"], ("cat", "dog")),
        (["o/cat/explanation.safetensors", "o/dog/explanation.safetensors"], ("cat", "dog")),
        (["o/cat/a.safetensors", "o/cat/b.safetensors"], ("a", "b")),
        (["x/cat.safetensors", "explanation.safetensors"], ("x/cat", "explanation")),
        (["o/x/cat.safetensors"], ("cat",)),
        (["cat.safetensors", "cat.safetensors"], ("cat", "cat")),
        (["a/x/e.safetensors", "a/e.safetensors"], ("x", "e")),
    ],
)
def test_results_are_called_by_what_differs(files: list[str], names: tuple[str, ...]) -> None:
    paths = [Path(file) for file in files]
    assert labels(paths, [None] * len(files)) == names
    assert labels(paths, ["tabby"] * len(files)) == tuple(f"{name} (tabby)" for name in names)
