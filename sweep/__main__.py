"""The sweep: ``python -m sweep [--only PATTERN] [--jobs N]``."""

import argparse
from fnmatch import fnmatchcase
from pathlib import Path

from sweep.catalogue import catalogue
from sweep.page import write_page
from sweep.results import Results
from sweep.runner import Limits, run

RESULTS = Path(__file__).parent / "results.jsonl"


def main() -> None:
    """Measure what is left of the sweep, or what is named, and write the table.

    An interrupted sweep goes on where it stopped; a finished one begins anew.
    """
    options = _options().parse_args()
    names, results = list(catalogue()), Results(options.results)
    chosen = [name for name in names if fnmatchcase(name, f"*{options.only}*")]
    if not options.render and (options.only or set(names) <= set(results.findings())):
        results.forget(set(chosen))
    if not options.render:
        limits = Limits(options.seconds, options.gigabytes)
        run(chosen, results, limits, options.jobs)
    found = results.findings()
    write_page([found[name] for name in names if name in found])


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sweep", description=main.__doc__)
    parser.add_argument("--only", default="", help="part of a name, or a pattern such as 'timm v*'")
    parser.add_argument("--jobs", type=int, default=2, help="networks at a time")
    parser.add_argument("--seconds", type=int, default=180, help="what one network may take")
    parser.add_argument("--gigabytes", type=int, default=8, help="what one network may take")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file of JSON lines")
    parser.add_argument("--render", action="store_true", help="only write the table")
    return parser


if __name__ == "__main__":
    main()
