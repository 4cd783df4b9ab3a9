"""Two image classifiers, photo by photo (paper 2.1 and 3.2, Figures 1–3 and 11)."""

from specxai_studies.imagenet.study import MODELS, PHOTOS, PhotoStudy, run_imagenet

__all__ = ["MODELS", "PHOTOS", "PhotoStudy", "run_imagenet"]
