"""The same input through other attribution methods and ours, and how far each can be trusted."""

from specxai.compare.attribution import Attribution, Instance, Method, Passes
from specxai.compare.classifier_layers import last_convolution, last_map, penultimate
from specxai.compare.comparison import Comparison, compare_methods, prepare
from specxai.compare.components import components_method
from specxai.compare.evaluation import FAST, FULL, Effort, Evaluation, evaluate
from specxai.compare.methods import all_methods, choose_methods
from specxai.compare.metrics import Interval, Measure
from specxai.compare.relevance import relevance_method
from specxai.compare.trial import Subject

__all__ = [
    "FAST",
    "FULL",
    "Attribution",
    "Comparison",
    "Effort",
    "Evaluation",
    "Instance",
    "Interval",
    "Measure",
    "Method",
    "Passes",
    "Subject",
    "all_methods",
    "choose_methods",
    "compare_methods",
    "components_method",
    "evaluate",
    "last_convolution",
    "last_map",
    "penultimate",
    "prepare",
    "relevance_method",
]
