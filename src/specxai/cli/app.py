"""The application that the commands join, and its entry point."""

import sys

from cyclopts import App, CycloptsError

from specxai import __version__
from specxai.errors import SpecxaiError

app = App(
    name="specxai",
    version=__version__,
    help="Explain trained PyTorch networks exactly, by their singular vectors at an input.",
    suppress_keyboard_interrupt=False,  # main says what became of it
)


def main() -> None:
    """Run the command line; every expected fault is one line on standard error and exit code 2."""
    try:
        app(exit_on_error=False, print_error=False)
    except (SpecxaiError, CycloptsError) as fault:
        print(f"specxai: {' '.join(str(fault).split())}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("specxai: interrupted; only what was finished is kept", file=sys.stderr)
        sys.exit(130)
