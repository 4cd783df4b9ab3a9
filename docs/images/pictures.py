"""Draw the pictures of README.md and docs/ by the code of the day: ``make pictures``.

The commands are those that stand beside the pictures; a test compares them.
"""

import shlex
import subprocess
import sys
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
# Each picture: the command that draws it, and the file that it writes below its --out.
COMMANDS = {
    "cat.png": (
        "specxai explain demo:efficientnet-lite0 demo:chelsea",
        "explanation.png",
    ),
    "causal.png": (
        "specxai surgery demo:efficientnet-lite0 demo:chelsea --layer _blocks.14 --baseline blur"
        " --method krylov --by contribution --components 8",
        "causal.png",
    ),
}
# Pictures that have a script of their own.
SCRIPTS = {"reading.png": "reading.py"}


def main(chosen: list[str]) -> None:
    """Draw some of the pictures, or all of them.

    Args:
        chosen: names of pictures; none for all.
    """
    for picture in chosen or [*COMMANDS, *SCRIPTS]:
        print(picture, flush=True)
        if picture in SCRIPTS:
            subprocess.run([sys.executable, str(HERE / SCRIPTS[picture])], check=True)
            continue
        command, file = COMMANDS[picture]
        with TemporaryDirectory() as out:
            words = [*shlex.split(command)[1:], "--out", out, "--quiet", "--no-config"]
            run = [sys.executable, "-m", "specxai", *words]
            subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
            copyfile(Path(out, file), HERE / picture)


if __name__ == "__main__":
    main(sys.argv[1:])
