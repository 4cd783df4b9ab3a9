"""``specxai study``: the group of commands, one for each study."""

from cyclopts import App

study = App(name="study", help="Repeat an experiment of the paper: figures and a report.")
