"""Many results side by side: one input across the layers, one component across the inputs."""

from specxai.survey.alignment import Alignment
from specxai.survey.cosines import Similarity, similarity
from specxai.survey.evolution import Evolution, evolve
from specxai.survey.layer_spectrum import LayerSpectrum

__all__ = [
    "Alignment",
    "Evolution",
    "LayerSpectrum",
    "Similarity",
    "evolve",
    "similarity",
]
