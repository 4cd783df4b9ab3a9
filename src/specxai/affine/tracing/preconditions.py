"""What must hold before a model is explained; each failure names its remedy."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, fx, nn
from torch.nn.parameter import is_lazy

from specxai.affine.tracing.arguments import Arguments
from specxai.affine.tracing.conventions import Conventions
from specxai.affine.tracing.faults import first_line, out_of_memory
from specxai.affine.tracing.network import Network
from specxai.affine.tracing.precision import working_dtype
from specxai.affine.tracing.recorder import Site
from specxai.affine.tracing.rules import SECANT
from specxai.closest import closest
from specxai.errors import (
    InvalidInputError,
    InvalidModelError,
    NotEnoughMemoryError,
    SpecxaiError,
)

_QUANTIZED = ("torch.ao.nn.quantized", "torch.nn.quantized", "torchao.quantization")


def unwrapped(model: Any) -> Any:
    """Return the module inside the wrappers of ``torch.compile`` and of data-parallel training.

    Compiled and replicated runs hide the operations; the module inside computes the same.
    """
    if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
        return unwrapped(model.module)
    compiled = isinstance(model, nn.Module) and hasattr(model, "_orig_mod")
    return unwrapped(model._orig_mod) if compiled else model


def check_model(model: Any) -> None:
    """Refuse a model that is not an nn.Module in eval mode with finite weights."""
    if not isinstance(model, nn.Module):
        raise InvalidModelError(
            f"the model is a {type(model).__name__}, not an nn.Module: wrap the function in one"
        )
    if any(isinstance(part, torch.jit.ScriptModule) for part in model.modules()):
        raise InvalidModelError(
            "a ScriptModule hides its operations: pass the nn.Module that it was made from, or a "
            ".pt2 file of torch.export"
        )
    if any(type(part).__module__.startswith(_QUANTIZED) for part in model.modules()):
        raise InvalidModelError("a quantized model has no derivatives: pass the model of floats")
    training = next(_in_train_mode(model), None)
    if training is not None:
        where = f"module {training!r}" if training else "the model"
        raise InvalidModelError(f"{where} is in train mode: call model.eval() first")
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if is_lazy(tensor):
            raise InvalidModelError(f"parameter {name!r} has no shape yet: run the model once")
        if tensor.is_inference():
            raise InvalidModelError(
                f"parameter {name!r} was made in inference mode: build the model outside of it, or "
                "pass copy.deepcopy(model)"
            )
        if tensor.is_meta:
            raise InvalidModelError(f"parameter {name!r} is on meta, without values: load weights")


def _in_train_mode(model: nn.Module) -> Iterator[str]:
    """Yield the paths of modules in train mode, but not of programs of ``torch.export``.

    These have their mode fixed, and take ``eval()`` away.
    """
    fixed = [
        part
        for program in model.modules()
        if isinstance(program, fx.GraphModule) and "eval" in vars(program)
        for part in program.modules()
    ]
    for path, part in model.named_modules():
        if part.training and not any(part is one for one in fixed):
            yield path


def check_input(model: nn.Module, x: Any) -> None:
    """Refuse an input that is not one finite sample of the model's dtype on its device."""
    if not isinstance(x, Tensor) or not x.is_floating_point():
        found = x.dtype if isinstance(x, Tensor) else type(x).__name__
        remedy = ": give x.to_numpy()" if hasattr(x, "to_numpy") else ""
        raise InvalidInputError(f"the input must be a floating-point tensor, not {found}{remedy}")
    if x.layout is not torch.strided:
        raise InvalidInputError("the input is a sparse tensor: pass x.to_dense()")
    if x.ndim == 0 or len(x) != 1:
        raise InvalidInputError(
            f"the input has shape {tuple(x.shape)}: explain one sample at a time, with a leading "
            "batch dimension of 1 (x[None])"
        )
    homes = {parameter.device: name for name, parameter in model.named_parameters()}
    if len(homes) > 1:
        found = ", ".join(f"{name!r} on {device}" for device, name in homes.items())
        raise InvalidModelError(
            f"the model's parameters are on several devices ({found}): move it to one, such as "
            "model.to('cpu')"
        )
    for name, parameter in model.named_parameters():
        if parameter.device != x.device:
            raise InvalidInputError(
                f"the input is on {x.device} and parameter {name!r} on {parameter.device}: "
                "move both to one device"
            )
        own = parameter.dtype
        if own.is_floating_point and working_dtype(own) != working_dtype(x.dtype):
            raise InvalidInputError(
                f"the input is {x.dtype} and parameter {name!r} {own}: "
                f"pass x.to({own}), or convert the model"
            )
    if not torch.isfinite(x).all():
        count = int((~torch.isfinite(x)).sum())
        raise InvalidInputError(f"the input holds {count} NaN or infinite values: clean it first")


def _finite(tensor: Tensor) -> bool:
    """Tell whether all values are finite, by the extremes where there are any: 100 times faster."""
    if tensor.layout is not torch.strided:
        tensor = tensor.detach().to_dense()
    if tensor.is_complex() or not tensor.numel():
        return bool(torch.isfinite(tensor).all())
    least, most = torch.aminmax(tensor)
    return bool(torch.isfinite(least) and torch.isfinite(most))


def check_fixed(arguments: Arguments, x: Float[Tensor, "1 ..."]) -> None:
    """Refuse further arguments that are not finite or on another device than the input."""
    for place, value in arguments.fixed.items():
        if not isinstance(value, Tensor):
            continue
        if value.device != x.device:
            raise InvalidInputError(
                f"input {place!r} is on {value.device} and input {arguments.wrt!r} on {x.device}: "
                "move both to one device"
            )
        if value.isnan().any():  # a mask may well be infinite
            raise InvalidInputError(f"input {place!r} holds NaN values: clean it first")


@contextmanager
def model_failures(x: Float[Tensor, "_ ..."]) -> Iterator[None]:
    """Raise what a model raises on its input as an error of ours."""
    try:
        yield
    except SpecxaiError:
        raise
    except Exception as fault:
        if out_of_memory(fault):
            raise NotEnoughMemoryError(
                f"the model ran out of memory on an input of shape {tuple(x.shape)}: take a "
                "smaller input"
            ) from fault
        raise InvalidInputError(
            f"the model failed on an input of shape {tuple(x.shape)}: {first_line(fault)}"
        ) from fault


def checked_output(model: nn.Module, output: Any) -> Tensor:
    """Return a model's output, which must be a finite tensor."""
    if not isinstance(output, Tensor):
        names = f" with {', '.join(map(repr, output))}" if isinstance(output, Mapping) else ""
        raise InvalidModelError(
            f"the model returns a {type(output).__name__}{names}, not a tensor: name the tensor to "
            "explain by forward=, such as  forward=lambda model, x: model(x)[...]"
        )
    if output.ndim == 0:
        raise InvalidModelError(
            "the model returns a number without a batch dimension: return shape (1,) or (1, 1)"
        )
    if not output.numel():
        raise InvalidModelError(
            f"the model's output is empty, shape {tuple(output.shape)} (a detector that finds "
            "nothing?): there is nothing to explain; try another input"
        )
    if not output.is_floating_point():
        raise InvalidModelError(
            f"the model returns {output.dtype}: return the floating-point values it is made from"
        )
    if not torch.isfinite(output).all():
        own = [*model.named_parameters(), *model.named_buffers()]
        damaged = [name for name, tensor in own if not _finite(tensor)]
        cause = f"parameter {damaged[0]!r} holds such: load intact weights" if damaged else ""
        raise InvalidModelError(
            "the model's output holds NaN or infinite values: "
            f"{cause or 'check the scale of the input'}"
        )
    return output.detach()


def check_repeats(network: Network, x: Float[Tensor, "1 ..."], output: Tensor, traced: Any) -> None:
    """Refuse a model whose recorded run gives another output than the untouched one, and say why.

    Args:
        network: the network with its rules.
        x: the input.
        output: of the untouched model.
        traced: of the run that was recorded.
    """
    close = 1e2 * torch.finfo(output.dtype).eps
    if not _differ(output, traced, close):
        return
    with torch.no_grad():
        if any(_differ(output, network(x, fast_path=True), close) for _ in range(4)):
            with torch.random.fork_rng():
                again = [_seeded(network, x) for _ in range(2)]
            raise InvalidModelError(_unrepeatable(_differ(again[0], again[1], close)))
        # Other kernels may run when gradients are recorded, and round differently.
        if not _differ(output, traced, 1e-3):
            return
        if not _differ(traced, network(x), 1e-3):
            raise InvalidModelError(
                "nn.TransformerEncoder gives another output by the fused kernels of inference (it "
                "sets padded positions to zero): leave padded positions out of the output, or call "
                "torch.backends.mha.set_fastpath_enabled(False) to explain it as it is written"
            )
    raise InvalidModelError(
        "the model gives another output when derivatives are recorded: it may ask for "
        "torch.is_grad_enabled() or requires_grad; let it compute the same either way"
    )


def _seeded(network: Network, x: Tensor) -> Any:
    torch.manual_seed(0)
    return network(x, fast_path=True)


def _unrepeatable(seeded: bool) -> str:
    if not seeded:
        return (
            "two runs of the model on the same input differ: it draws random numbers even in eval "
            "mode (a functional dropout?); pass training=self.training there"
        )
    return (
        "two runs of the model on the same input differ, also with one random seed: it keeps state "
        "outside its buffers and attributes, or draws from a generator of its own; put that state "
        "into buffers"
    )


def _differ(output: Tensor, again: Any, tolerance: float) -> bool:
    """Tell whether two outputs differ by more than a share of the largest value."""
    if not isinstance(again, Tensor) or again.shape != output.shape:
        return True
    difference = (again - output).nan_to_num().abs()
    return bool((difference > tolerance * output.abs().max()).any())


def check_dependence(depends: bool, sites: tuple[Site, ...]) -> None:
    """Refuse a model whose output has nothing to do with its input: u would be zero."""
    if depends:
        return
    frozen = next((s for s in reversed(sites) if s.convention in ("secant", "frozen")), None)
    if frozen is None:
        raise InvalidModelError(
            "the model's output does not depend on its input: nothing to explain"
        )
    remedy = f"choose rule='tangent' for {frozen.operation!r}, or explain"
    raise InvalidModelError(
        f"nothing of the input reaches the output past {frozen.address}, whose value is frozen: "
        f"{remedy if frozen.convention == 'secant' else 'explain'} a model without it"
    )


def check_patterns(conventions: Conventions, model: nn.Module, sites: tuple[Site, ...]) -> None:
    """Refuse a choice of rules that names no operation and no module: a slip of the pen."""
    operations = {*SECANT, *(site.operation for site in sites)}
    paths = [path for path, _ in model.named_modules()]
    for pattern, _ in conventions.choices:
        if pattern not in operations and not any(fnmatchcase(path, pattern) for path in paths):
            near = closest(pattern, [*operations, *paths])
            raise InvalidInputError(
                f"rule for {pattern!r}: no operation or module of that name; "
                f"closest: {', '.join(near) or 'none'}"
            )
