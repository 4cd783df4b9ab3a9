"""Options from a file: specxai.toml in the current folder, or the nearest above it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclopts import App, ArgumentCollection
from cyclopts.config import Dict

from specxai.closest import closest
from specxai.errors import LoadError

NAME = "specxai.toml"


@dataclass(frozen=True)
class OptionsFromFile:
    """Gives each command the options that its table in the file holds, and the user does not.

    Attributes:
        root: the command line, whose commands have tables.
    """

    root: App

    def __call__(self, app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        """Fill in the options of a command; cyclopts calls this before it runs one.

        Args:
            app: the command.
            commands: its name, and those above it.
            arguments: its options.

        Raises:
            LoadError: the file cannot be read, or has a table of no command.
        """
        file = _nearest()
        if file is not None:
            tables = _read(file)
            self._check(tables, file)
            Dict(tables, source=str(file))(app, commands, arguments)

    def _check(self, tables: dict[str, Any], file: Path) -> None:
        """Refuse what is no table of a command: it would say nothing."""
        for name, table in tables.items():
            if not isinstance(table, dict):
                raise LoadError(f"{file}: {name} stands in no table: put it under [explain]")
            if name not in self.root:
                near = closest(name, (each for each in self.root if not each.startswith("-")), 1)
                hint = f"did you mean [{near[0]}]?" if near else "'specxai --help' lists them"
                raise LoadError(f"{file}: [{name}] is no command: {hint}")


def _nearest() -> Path | None:
    """Return the file in the current folder, or in the nearest above it that has one."""
    here = Path.cwd()
    files = (folder / NAME for folder in (here, *here.parents))
    return next((file for file in files if file.is_file()), None)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise LoadError(f"cannot read options from {file}: {reason}") from fault
