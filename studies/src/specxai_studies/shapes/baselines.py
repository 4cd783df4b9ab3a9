"""What models reach that need no network of shapes."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from torch import Tensor

from specxai_studies.shapes.labelled import LabelledShapes
from specxai_studies.shapes.learning import Split, determination

Rows = Float[np.ndarray, "n values"]
Labels = Float[np.ndarray, " n"]
Regress = Callable[[Rows, Labels, Rows], Labels]
"""Learns labels from rows and returns the labels of further rows."""

_PENALTIES = np.logspace(-3, 4, 8)
# Shapes on which the lengths of the Gaussian process are fitted; it then learns from all.
_TUNED_ON = 300


def baselines(
    shapes: LabelledShapes, latent: Float[Tensor, "n latent"], splits: Sequence[Split]
) -> dict[str, list[float]]:
    """Return R² on held-out shapes of simpler models, by name, for each split.

    Args:
        shapes: with their true parameters.
        latent: of each shape.
        splits: into learned and held-out shapes.
    """
    true, seen = shapes.parameters.double().numpy(), latent.double().numpy()
    models: dict[str, tuple[Regress, Rows]] = {
        "linear in the true parameters": (_linear, true),
        "quadratic in the true parameters": (_quadratic, true),
        "Gaussian process on the true parameters": (_gaussian_process, true),
        "linear in the latent vector": (_linear, seen),
    }
    labels = shapes.labels.double().numpy()
    errors: dict[str, list[float]] = {name: [] for name in models}
    for split in splits:
        train, test = split.train.numpy(), split.test.numpy()
        for name, (regress, rows) in models.items():
            predicted = regress(rows[train], labels[train], rows[test])
            reached = determination(shapes.labels[split.test], torch.from_numpy(predicted))
            errors[name].append(reached)
    return errors


def _linear(rows: Rows, labels: Labels, further: Rows) -> Labels:
    return _polynomial(1, rows, labels, further)


def _quadratic(rows: Rows, labels: Labels, further: Rows) -> Labels:
    return _polynomial(2, rows, labels, further)


def _polynomial(degree: int, rows: Rows, labels: Labels, further: Rows) -> Labels:
    model = make_pipeline(
        StandardScaler(), PolynomialFeatures(degree), StandardScaler(), RidgeCV(_PENALTIES)
    )
    predicted: Labels = model.fit(rows, labels).predict(further)
    return predicted


def _gaussian_process(rows: Rows, labels: Labels, further: Rows) -> Labels:
    scaler = StandardScaler().fit(rows)
    inputs = scaler.transform(rows)
    # One length a parameter; one that does not matter ends at the upper bound, with a warning.
    kernel = 10 * RBF([10.0] * rows.shape[1], (0.1, 1e4)) + WhiteKernel(0.01, (1e-6, 1.0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        tuned = GaussianProcessRegressor(kernel, normalize_y=True)
        tuned.fit(inputs[:_TUNED_ON], labels[:_TUNED_ON])
    model = GaussianProcessRegressor(tuned.kernel_, optimizer=None, normalize_y=True)
    predicted: Labels = model.fit(inputs, labels).predict(scaler.transform(further))
    return predicted
