"""The command line as a process of its own, forked from one that has imported what it needs.

Each run has its own memory, arguments, streams and exit code, as ``python -m specxai`` has, which
`tests/cli/test_manners.py` starts as it stands; only the imports are made once for all.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["command_line_imports"])


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``specxai`` with arguments in a folder, and return its exit code and what it printed.

    Args:
        folder: where it runs.
        arguments: of the command line.
    """
    with tempfile.TemporaryDirectory() as place:
        streams = Path(place) / "stdout", Path(place) / "stderr"
        process = _PROCESSES.Process(target=_specxai, args=(folder, arguments, streams))
        process.start()
        process.join()
        said = [stream.read_text() for stream in streams]
    return subprocess.CompletedProcess(("specxai", *arguments), process.exitcode or 0, *said)


def _specxai(folder: Path, arguments: Sequence[str], streams: Sequence[Path]) -> None:
    from specxai.cli import main

    os.chdir(folder)
    sys.path[0] = ""
    sys.argv = ["specxai", *arguments]
    for number, stream in enumerate(streams, 1):
        sys.__stdout__.flush()
        os.dup2(os.open(stream, os.O_WRONLY | os.O_CREAT), number)
    main()
