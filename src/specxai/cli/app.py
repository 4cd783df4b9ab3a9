"""The application that the commands join, and its entry point."""

import sys
import traceback

from cyclopts import App, CycloptsError

from specxai import __version__
from specxai.cli.joined import check_installed, join
from specxai.cli.remedies import on_command_line
from specxai.errors import SpecxaiError

app = App(
    name="specxai",
    version=__version__,
    help="Explain trained PyTorch networks exactly, by their singular vectors at an input. A fault "
    "is told in one line; with --debug also where it arose.",
    suppress_keyboard_interrupt=False,  # main says what became of it
)


def main() -> None:
    """Run the command line; a fault is one line on standard error and exit code 2.

    ``--debug`` anywhere shows the traceback beside it.
    """
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        join(app)
        check_installed(app, next(iter(arguments), ""))
        app(arguments, exit_on_error=False, print_error=False)
    except KeyboardInterrupt:
        print("specxai: interrupted; only what was finished is kept", file=sys.stderr)
        sys.exit(130)
    except Exception as fault:
        if len(arguments) < len(sys.argv) - 1:
            traceback.print_exception(fault)
        print(f"specxai: {_in_one_line(fault)}", file=sys.stderr)
        sys.exit(2)


def _in_one_line(fault: Exception) -> str:
    if isinstance(fault, SpecxaiError | CycloptsError):
        return on_command_line(str(fault))
    kind, message = type(fault).__name__, " ".join(str(fault).split())
    return f"unforeseen {kind}: {message[:300]} (--debug shows where; please report it)"
