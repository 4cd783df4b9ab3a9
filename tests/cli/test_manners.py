"""What the command line says of itself, completes, and suggests where a word is wrong."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import specxai

pytestmark = pytest.mark.slow  # every test starts a process


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "specxai", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_version_comes_with_those_of_torch_and_python() -> None:
    torch_version = torch.__version__.partition("+")[0]
    said = run("--version").stdout
    assert said.startswith(f"specxai {specxai.__version__} (torch {torch_version}")
    assert said.endswith(f", Python {platform.python_version()})\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("explian", "a", "b"), 'Did you mean "explain"?'),
        (("explain", "a", "b", "--taget", "3"), "Did you mean --target?"),
        (("explain", "a", "b", "--component", "3"), "Did you mean --components?"),
        (("completion", "bsh"), '"bash", "zsh", "fish"'),
    ],
)
def test_a_word_typed_wrong_gets_the_closest_in_one_line(
    arguments: tuple[str, ...], message: str
) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.startswith("specxai: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("specxai sym", {"symbolic"}),
        ("specxai explain net.py:net x.npy --targ", {"--target"}),
        ("specxai evolve net.py:net x.npy --precision ", {"native", "double"}),
    ],
)
def test_bash_completes_commands_options_and_choices(
    tmp_path: Path, typed: str, completed: set[str]
) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash here")
    (tmp_path / "specxai").write_text(run("completion", "bash").stdout)
    script = (
        'complete() { :; }; source specxai; read -ra COMP_WORDS <<< "$1"; '
        "[[ $1 == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
        "COMP_LINE=$1; COMP_POINT=${#1}; _specxai; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(
        [bash, "-c", script, "bash", typed],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) == completed


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_a_script_too(shell: str) -> None:
    done = run("completion", shell)
    assert done.returncode == 0, done.stderr
    assert "explain" in done.stdout
    assert "target" in done.stdout


def test_a_reader_that_has_enough_is_no_fault() -> None:
    command = f"{sys.executable} -m specxai completion bash | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
