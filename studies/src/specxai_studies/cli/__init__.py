"""The commands that join those of specxai: ``study`` and ``bench``."""

from specxai_studies.cli import baselines, imagenet, shapes, squares, truth
from specxai_studies.cli.bench import bench
from specxai_studies.cli.study import study

__all__ = ["baselines", "bench", "imagenet", "shapes", "squares", "study", "truth"]
