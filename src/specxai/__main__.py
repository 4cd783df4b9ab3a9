"""``python -m specxai`` is the command line."""

from specxai.cli import main

main()
