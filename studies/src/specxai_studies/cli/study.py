"""``specxai study``: the group of commands, one for each study, and the options that they share."""

from dataclasses import dataclass

from cyclopts import App, Parameter

from specxai.cli.options import Quiet

study = App(name="study", help="Repeat an experiment of the paper: figures and a report.")


@Parameter(name="*")
@dataclass(frozen=True)
class StudyOptions:
    """How a study is run.

    Attributes:
        fast: a small form of the same, in about a minute.
        seed: of all that is drawn at random.
    """

    fast: bool = False
    seed: int = 0
    quiet: Quiet = False
