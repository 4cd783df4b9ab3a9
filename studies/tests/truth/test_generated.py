"""Generated pictures: the class shows where it is said to, and nowhere else."""

import pytest
import torch

from specxai_studies.truth.generated import KINDS, SIDE, classifier, generate


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_those_of_the_seed(kind):
    pictures, again = generate(kind, 40, 3), generate(kind, 40, 3)
    assert pictures.x.equal(again.x)
    assert not pictures.x.equal(generate(kind, 40, 4).x)
    assert pictures.x.shape == (40, 1, SIDE, SIDE)
    assert 8 < int(pictures.classes.sum()) < 32
    sizes = pictures.truth.sum((1, 2))
    assert set(sizes.tolist()) == {36 if kind == "moved" else 72}  # four squares of nine pixels


@pytest.mark.parametrize("kind", KINDS)
def test_the_class_shows_in_the_truth_only(kind):
    pictures = generate(kind, 2000, 5)
    outside = ~pictures.truth[:, None]
    noise = pictures.x[outside.expand_as(pictures.x)]
    assert float(noise.std()) == pytest.approx(1, rel=0.1)
    assert float(noise.mean()) == pytest.approx(0, abs=0.05)
    shown = [pictures.x[pictures.classes == k].mean(0)[0] for k in (0, 1)]
    apart = (shown[0] - shown[1]).abs()
    everywhere = pictures.truth.any(0)
    if kind == "linear":
        assert float(apart[everywhere].mean()) > 10 * float(apart[~everywhere].mean())
    if kind in ("product", "xor"):  # no class is brighter anywhere
        assert float(apart.max()) < 0.3  # by chance; a class that were brighter had 2.5


def test_xor_is_the_sign_of_a_product():
    pictures = generate("xor", 50, 1)
    first, second = (pictures.truth[0].clone() for _ in range(2))
    first[12:], second[:12] = False, False
    means = [(pictures.x[:, 0] * part).sum((1, 2)) / part.sum() for part in (first, second)]
    guess = (means[0] * means[1] < 0).long()
    assert float((guess == pictures.classes).double().mean()) > 0.9


def test_the_classifier_is_seeded_and_leaves_the_random_state():
    state = torch.random.get_rng_state()
    first, second = classifier(1), classifier(1)
    assert torch.equal(torch.random.get_rng_state(), state)
    x = generate("moved", 3, 0).x
    assert first(x).equal(second(x))
    assert first(x).shape == (3, 2)
