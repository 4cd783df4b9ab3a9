"""An edit of any input, against a projection in numpy, and as a module among others."""

import io
from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import specxai
import zoo
from branches import build as branches
from edited import run_replaced
from reference import dense, run_with_layer

NETS = [
    "activations",
    "in-place at a branch",
    "residual branch",
    "second call",
    "module of a block's second call",
    "functional",
    "every pool",
    "expansive",
]


def explained(name):
    net = zoo.build(name)
    return net, specxai.explain(net.model, net.x, net.layer, net.target)


def neighbours(x: torch.Tensor, count: int) -> torch.Tensor:
    noise = torch.randn(count, *x.shape[1:], generator=torch.Generator().manual_seed(5))
    return x + 0.5 * noise.to(x)


@pytest.mark.parametrize("edit", ["keep", "drop", "scale"])
@pytest.mark.parametrize("name", NETS)
def test_other_inputs_against_a_dense_projection(name, edit):
    net, ex = explained(name)
    choice = {"keep": [0], "drop": [0], "scale": {0: 2.0, 1: -0.5}}[edit]
    module = ex.surgery(**{edit: choice}).as_module()
    truth = dense(net.model, net.x, net.layer, net.target)
    s = np.zeros(ex.rank) if edit == "keep" else np.ones(ex.rank)
    s[[0, 1][: len(choice)]] = {"keep": [1], "drop": [0], "scale": [2, -0.5]}[edit]
    _, z, _ = run_with_layer(net.model, net.x, net.layer)
    offset = z.detach().numpy().ravel() - truth.R @ net.x.numpy().ravel()
    others = neighbours(net.x, 3)
    with torch.no_grad():
        found = module(others.clone()).reshape(3, -1)
    for other, answer in zip(others, found, strict=True):
        _, z, _ = run_with_layer(net.model, other[None], net.layer)
        values = z.detach().numpy().ravel()
        edited = values + truth.U @ ((s - 1) * (truth.U.T @ (values - offset)))
        expected = run_replaced(net.model, other[None], net.layer, edited)
        np.testing.assert_allclose(answer, expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", zoo.names())
def test_at_the_explained_input_it_is_the_surgery(name):
    net, ex = explained(name)
    cut = ex.surgery(drop=0)
    with torch.no_grad():
        found = cut.as_module()(net.x.clone())
    torch.testing.assert_close(found, cut.outputs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("layers", [["a", "c"], ["b", "c"]])
def test_several_layers_are_edited_together(layers):
    model, x = branches(skip=True)
    cut = specxai.explain(model, x, layers, 1).surgery(drop=[0, 2])
    module = cut.as_module()
    with torch.no_grad():
        torch.testing.assert_close(module(x), cut.outputs)
        batch = torch.cat([x, neighbours(x, 2)])
        each = torch.cat([module(single) for single in batch.split(1)])
        torch.testing.assert_close(module(batch), each)


def test_a_few_vectors_do():
    net, ex = explained("expansive")
    assert ex.surgery(drop=0).as_module().edit.vectors.shape == (12, 1)
    net = zoo.build("mlp")
    ex = specxai.explain(net.model, net.x, "0")
    assert ex.svd.left.shape[0] > ex.rank  # the components span no whole space
    torch.manual_seed(0)
    wide = nn.Sequential(nn.Linear(9, 7), nn.ReLU(), nn.Linear(7, 2)).double().eval()
    full = specxai.explain(wide, torch.randn(1, 9).double(), "0")
    assert full.surgery(keep=[3]).as_module().edit.vectors.shape == (7, 1)


def test_it_shares_nothing_with_the_model():
    net, ex = explained("second call")
    before = net.model(net.x)
    module = ex.surgery(drop=0).as_module()
    module(net.x)
    for value in module.parameters():
        value.data.zero_()
    assert net.model(net.x).equal(before)
    assert not any(part._forward_hooks for part in net.model.modules())


exports = pytest.mark.skipif(
    tuple(map(int, torch.__version__.split(".")[:2])) < (2, 7),
    reason="torch 2.6 exports no module that enters a context manager, unless strict=False",
)


@exports
@pytest.mark.parametrize("name", ["mlp", "second call", "residual branch", "functional"])
def test_export(name):
    net, ex = explained(name)
    module = ex.surgery(drop=0).as_module()
    batch = neighbours(net.x, 3)
    size = torch.export.Dim("batch")
    program = torch.export.export(module, (batch,), dynamic_shapes=(({0: size},),))
    other = neighbours(net.x, 5)
    torch.testing.assert_close(program.module()(other), module(other))


@exports
def test_export_of_several_layers():
    model, x = branches()
    module = specxai.explain(model, x, ["a", "c"], 1).surgery(drop=0).as_module()
    program = torch.export.export(module, (x,))
    torch.testing.assert_close(program.module()(x), module(x))


def test_pickle_state_and_dtype():
    net, ex = explained("residual branch")
    module = ex.surgery(drop=[0, 1]).as_module()
    expected = module(net.x)
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    torch.testing.assert_close(torch.load(file, weights_only=False)(net.x), expected)
    other = deepcopy(module)
    for value in other.state_dict().values():
        value.zero_()
    other.load_state_dict(module.state_dict())
    torch.testing.assert_close(other(net.x), expected)
    single = deepcopy(module).float()(net.x.float())
    torch.testing.assert_close(single, expected.float(), rtol=1e-4, atol=1e-5)


def test_in_a_data_loader():
    net, ex = explained("mlp")
    module = ex.surgery(drop=0).as_module()
    others = neighbours(net.x, 5)
    batches = DataLoader(TensorDataset(others), batch_size=2)
    found = torch.cat([module(batch) for (batch,) in batches])
    torch.testing.assert_close(found, module(others))


def test_models_that_are_called_in_another_way():
    class TwoInputs(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.head = nn.Linear(4, 5), nn.Linear(5, 3)

        def forward(self, x, shift):
            return {"out": self.head(self.body(x).relu() + shift)}

    torch.manual_seed(0)
    model, x, shift = TwoInputs().double().eval(), torch.randn(1, 4).double(), torch.ones(1, 5)
    arguments = {"x": x, "shift": shift.double()}
    ex = specxai.explain(
        model, arguments, "body", wrt="x", forward=lambda net, **kwargs: net(**kwargs)["out"]
    )
    cut = ex.surgery(drop=0)
    torch.testing.assert_close(cut.as_module()(**arguments).detach(), cut.outputs)
