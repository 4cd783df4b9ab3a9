"""The same input through other attribution methods and ours, and how far each can be trusted."""

from specxai.compare.attribution import Attribution, Instance, Method, Passes, Total
from specxai.compare.classifier_layers import last_convolution, last_map, penultimate
from specxai.compare.comparison import Comparison, attribute, compare_methods, prepare
from specxai.compare.components import components_method
from specxai.compare.evaluation import FAST, FULL, Effort, Evaluation, evaluate
from specxai.compare.gradients import gradient_methods
from specxai.compare.lime import lime_method, segments
from specxai.compare.methods import all_methods, choose_methods
from specxai.compare.metrics import Interval, Measure
from specxai.compare.relevance import relevance_method
from specxai.compare.trial import Subject, Trial

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
    "Total",
    "Trial",
    "all_methods",
    "attribute",
    "choose_methods",
    "compare_methods",
    "components_method",
    "evaluate",
    "gradient_methods",
    "last_convolution",
    "last_map",
    "lime_method",
    "penultimate",
    "prepare",
    "relevance_method",
    "segments",
]
