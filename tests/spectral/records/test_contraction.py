import pytest
import torch

from specxai.errors import InvalidInputError
from specxai.spectral.records.contraction import contract


@pytest.fixture
def image():
    return torch.randn(1, 3, 4, 5, generator=torch.Generator().manual_seed(0)).double()


@pytest.fixture
def vectors():
    return torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(1)).double()


def test_equation_23_each_point(vectors, image):
    maps = contract(vectors, image)
    assert maps.shape == (2, 4, 5)
    for k in range(2):
        for h in range(4):
            for w in range(5):
                expected = sum(float(vectors[k, c, h, w] * image[0, c, h, w]) for c in range(3))
                assert float(maps[k, h, w]) == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("dim", [1, 2, 3, -1, -3, None])
def test_equation_23_products_sum_to_the_dot_product(vectors, image, dim):
    total = contract(vectors, image, "product", dim).flatten(1).sum(1)
    torch.testing.assert_close(total, vectors.flatten(1) @ image.flatten())


def test_nothing_is_contracted(vectors, image):
    assert contract(vectors, image, "product", None).equal(vectors * image)
    assert contract(vectors, image, "mean", None).equal(vectors)


def test_mean_ignores_the_input(vectors, image):
    maps = contract(vectors, image, "mean")
    torch.testing.assert_close(maps, (vectors[:, 0] + vectors[:, 1] + vectors[:, 2]) / 3)
    assert contract(vectors, 0 * image, "mean").equal(maps)


def test_a_point_cloud_is_contracted_over_its_last_dimension():
    cloud, vectors = torch.ones(1, 6, 3), torch.ones(2, 6, 3)
    assert contract(vectors, cloud, dim=2).equal(torch.full((2, 6), 3.0))
    assert contract(vectors, cloud, dim=-1).equal(torch.full((2, 6), 3.0))


@pytest.mark.parametrize("dim", [0, 4, -4, -5])
def test_dimensions_that_cannot_be_contracted(vectors, image, dim):
    with pytest.raises(InvalidInputError, match=f"dim={dim} .* choose from 1 to 3, or None"):
        contract(vectors, image, dim=dim)


def test_an_unknown_contraction(vectors, image, unchecked_annotations):
    with pytest.raises(InvalidInputError, match="'sum' is unknown: choose 'product' or 'mean'"):
        contract(vectors, image, "sum")
