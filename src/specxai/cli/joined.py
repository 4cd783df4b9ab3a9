"""Commands of other distributions, which join by the entry points ``specxai.commands``."""

from importlib.metadata import entry_points

from cyclopts import App

from specxai.errors import SpecxaiError

GROUP = "specxai.commands"
# Commands that come with another distribution, which a user may not have.
_ELSEWHERE = {"study": "specxai-studies", "bench": "specxai-studies"}


def join(app: App) -> None:
    """Add the commands that installed distributions offer: an `App` or a function each.

    Args:
        app: the command line.
    """
    for each in entry_points(group=GROUP):
        if each.name not in app:
            app.command(each.load(), name=each.name)


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
