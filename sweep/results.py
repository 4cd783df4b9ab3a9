"""What was found, line after line in one file that several runners may share."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import IO, Any

from sweep.findings import Findings


class Results:
    """A file of JSON lines: findings, and claims of networks that are being measured.

    Args:
        path: of the file, which need not exist.

    The last line on a network counts.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def claim(self, name: str) -> bool:
        """Tell whether a network is still to be measured, and keep others off it."""
        with self._locked() as file:
            line = self._last(file).get(name)
            if line is not None and ("claimed" not in line or _alive(line["claimed"])):
                return False
            _append(file, {"name": name, "claimed": os.getpid()})
            return True

    def add(self, findings: Findings) -> None:
        """Keep findings."""
        with self._locked() as file:
            _append(file, findings.to_json())

    def forget(self, names: set[str]) -> None:
        """Drop what is known of some networks."""
        with self._locked() as file:
            kept = [line for line in self._last(file).values() if line["name"] not in names]
            file.seek(0)
            file.truncate()
            for line in kept:
                _append(file, line)

    def findings(self) -> dict[str, Findings]:
        """Return the findings by network."""
        with self._locked() as file:
            lines = self._last(file)
        return {name: Findings(**line) for name, line in lines.items() if "claimed" not in line}

    def _last(self, file: IO[str]) -> dict[str, dict[str, Any]]:
        file.seek(0)
        lines = [json.loads(line) for line in file]
        return {line["name"]: line for line in lines}

    @contextmanager
    def _locked(self) -> Iterator[IO[str]]:
        with self.path.open("a+", encoding="utf-8") as file:
            flock(file, LOCK_EX)
            yield file


def _append(file: IO[str], line: dict[str, Any]) -> None:
    file.seek(0, os.SEEK_END)
    file.write(json.dumps(line) + "\n")


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
