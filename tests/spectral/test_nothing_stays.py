"""No hook, graph, gradient or flag outlives a call."""

import gc

import psutil
import pytest
import torch

import specxai
import zoo


def state(model):
    """Return all that a call might change on a model."""
    return (
        [
            (len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks), m.training)
            for m in model.modules()
        ],
        [(p.requires_grad, p.grad, p._version, p.data_ptr()) for p in model.parameters()],
        [(b.requires_grad, b._version) for b in model.buffers()],
    )


def use(ex):
    chosen = ex.top(2)
    ex.right_vectors(chosen)
    ex.left_vectors(chosen)
    ex.heatmaps(chosen)
    ex.reduce()


def tensors_alive():
    # By the exact type: isinstance would ask every lazy object for its class.
    return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())


@pytest.mark.parametrize("name", zoo.names())
def test_the_model_is_as_it_was(name):
    net = zoo.build(name)
    net.model.get_parameter(next(n for n, _ in net.model.named_parameters())).requires_grad_(False)
    before, x = state(net.model), net.x.clone()
    use(specxai.explain(net.model, net.x, net.layer, net.target))
    assert state(net.model) == before
    assert net.x.equal(x)
    assert not net.x.requires_grad


def test_gradients_a_user_keeps_are_not_touched():
    net = zoo.build("residual branch")
    x = net.x.requires_grad_()
    net.model(x).sum().backward()
    kept = [p.grad.clone() for p in net.model.parameters()]
    use(specxai.explain(net.model, x, net.layer))
    assert all(p.grad.equal(g) for p, g in zip(net.model.parameters(), kept, strict=True))
    assert x.requires_grad


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_it_works_where_gradients_are_off(mode):
    net = zoo.build("residual branch")
    expected = specxai.explain(net.model, net.x, net.layer)
    with mode():
        ex = specxai.explain(net.model, net.x, net.layer)
        use(ex)
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    torch.testing.assert_close(ex.contributions, expected.contributions)


def test_a_result_holds_no_graph():
    net = zoo.build("norms and dropout")
    ex = specxai.explain(net.model, net.x, net.layer)
    use(ex)
    results = [
        ex.output, ex.linear, ex.bias, ex.bypass, ex.residual, ex.singular_values, ex.psi,
        ex.coefficients, ex.contributions, ex.heatmaps([0]), ex.left_vectors([0]),
    ]  # fmt: skip
    assert not any(tensor.requires_grad or tensor.grad_fn for tensor in results)


def interrupted(stage, done, total):
    raise InterruptedError


def refuse(model, x, layer):
    with pytest.raises(specxai.SpecxaiError):
        specxai.explain(model, x, "no such layer")


def fail_halfway(model, x, layer):
    with pytest.raises(InterruptedError):
        specxai.explain(model, x, layer, rule="secant", progress=interrupted)


def succeed(model, x, layer):
    ex = specxai.explain(model, x, layer, rule="secant")
    use(ex)
    ex.ledger()
    ex.region.ties()


@pytest.mark.usefixtures("unchecked_annotations")  # the checks are slow
@pytest.mark.parametrize("call", [succeed, refuse, fail_halfway])
@pytest.mark.slow
def test_fifty_calls_leave_nothing_behind(call):
    net = zoo.build("residual branch")
    net.model.head = torch.nn.Sequential(net.model.head, torch.nn.GELU()).double().eval()
    before = state(net.model)

    def repeat(times):
        for _ in range(times):
            call(net.model, net.x, net.layer)
        gc.collect()
        return tensors_alive()

    first = repeat(5)
    assert repeat(50) == first
    assert state(net.model) == before


@pytest.mark.usefixtures("unchecked_annotations")
@pytest.mark.slow
def test_a_hundred_explanations_take_no_more_memory():
    net = zoo.build("residual branch")
    process = psutil.Process()

    def repeat(times):
        for _ in range(times):
            succeed(net.model, net.x, net.layer)
        gc.collect()
        return process.memory_info().rss

    warm = repeat(50)
    assert repeat(100) - warm < 2 * 2**20


@pytest.mark.parametrize("method", ["exact", "krylov"])
def test_a_deleted_explanation_is_freed_without_the_garbage_collector(method):
    net = zoo.build("mlp")
    gc.collect()
    gc.disable()
    try:
        before = tensors_alive()
        ex = specxai.explain(net.model, net.x, net.layer, method=method)
        use(ex)
        del ex
        assert tensors_alive() == before
    finally:
        gc.enable()
