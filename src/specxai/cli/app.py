"""The application that the commands join, its entry point, and its messages."""

import os
import platform
import re
import sys
import traceback
from importlib.metadata import entry_points, version

from cyclopts import App, CycloptsError

from specxai import __version__
from specxai.cli.config import NAME, OptionsFromFile
from specxai.errors import SpecxaiError


def versions() -> str:
    """Return the version of specxai, with those of torch and Python."""
    return f"specxai {__version__} (torch {version('torch')}, Python {platform.python_version()})"


app = App(
    name="specxai",
    version=versions,
    help="Explain trained PyTorch networks exactly, by their singular vectors at an input. A fault "
    "is told in one line; with --debug also where it arose. Options that are not given are taken "
    f"from {NAME} in this folder or above it, from a table for each command; not with --no-config.",
    suppress_keyboard_interrupt=False,  # main says what became of it
)
app.config = (OptionsFromFile(app),)

GROUP = "specxai.commands"
# Commands that come with another distribution, which a user may not have.
_ELSEWHERE = {"study": "specxai-studies", "bench": "specxai-studies"}
# What stands in messages for those who write Python, and what it is called here.
_SPELLINGS = (
    (
        r"name the tensor to explain by forward=.*$",
        "write a module that calls it and returns that tensor, and give path/to/file.py:callable",
    ),
    (r"layer=None without a target", "neither --layer nor --target"),
    (r"layer=None", "no --layer"),
    (r"\b(rule|precision|method|by|layer|target|wrt|memory|scratch|tol|products"
     r"|baseline|average|against)=['\"]?(\w*)['\"]?",
     r"--\1 \2"),
    (r"\bn_components\b", "--components"),
)  # fmt: skip


def main() -> None:
    """Run the command line; a fault is one line on standard error and exit code 2.

    ``--debug`` anywhere shows the traceback beside it, ``--no-config`` reads no specxai.toml.
    """
    switches = {"--debug", "--no-config"} & {*sys.argv[1:]}
    arguments = [argument for argument in sys.argv[1:] if argument not in switches]
    if "--no-config" in switches:
        app.config = ()
    try:
        join(app)
        check_installed(app, next(iter(arguments), ""))
        app(arguments, exit_on_error=False, print_error=False)
    except KeyboardInterrupt:
        print("specxai: interrupted; only what was finished is kept", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # who read the output, such as head, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as fault:
        if "--debug" in switches:
            traceback.print_exception(fault)
        print(f"specxai: {in_one_line(fault)}", file=sys.stderr)
        sys.exit(2)


def in_one_line(fault: Exception) -> str:
    """Return what a fault says, with the words of the command line."""
    if isinstance(fault, SpecxaiError | CycloptsError):
        return on_command_line(str(fault))
    kind, message = type(fault).__name__, " ".join(str(fault).split())
    return f"unforeseen {kind}: {message[:300]} (--debug shows where; please report it)"


def join(app: App) -> None:
    """Add the commands that installed distributions offer: an `App` or a function each.

    Args:
        app: the command line.
    """
    for each in entry_points(group=GROUP):
        if each.name in app:
            continue
        try:
            app.command(each.load(), name=each.name)
        except ImportError as fault:  # one broken distribution must not take all commands away
            print(f"specxai: no command '{each.name}': {fault}", file=sys.stderr)


def check_installed(app: App, command: str) -> None:
    """Refuse a command that comes with another distribution, which is not installed.

    Args:
        app: the command line, with all that joined it.
        command: the first word of what was typed.

    Raises:
        SpecxaiError: what to install.
    """
    package = _ELSEWHERE.get(command)
    if package and command not in app:
        raise SpecxaiError(f"'{command}' comes with another package: run  pip install {package}")


def on_command_line(message: str) -> str:
    """Return a message with options in place of keyword arguments, in one line.

    >>> on_command_line("try precision='double', or allow more by memory=. Or give a .npy file")
    'try --precision double, or allow more by --memory. Or give a .npy file'
    """
    for pattern, spelling in _SPELLINGS:
        message = re.sub(pattern, spelling, message)
    return re.sub(r"\s+(?=[,;:)]|\.(?!\w)|$)", "", " ".join(message.split()))
