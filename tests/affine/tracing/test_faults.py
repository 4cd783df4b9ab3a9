"""Whatever fails inside a call comes out as an error of ours, in one line, with its cause."""

import pytest
import torch
from torch import Tensor, nn

import specxai
from specxai.affine.tracing.faults import final, first_line, in_our_words, out_of_memory, tell_place
from specxai.errors import (
    InvalidModelError,
    NotEnoughMemoryError,
    SpecxaiError,
    UnsupportedOperationError,
)

OVERWRITTEN = "one of the variables needed for gradient computation has been modified by an inplace"
EXHAUSTED = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    MemoryError(),
]


@pytest.mark.parametrize("fault", EXHAUSTED, ids=lambda fault: type(fault).__name__)
def test_memory_that_runs_out_ends_the_work(fault: Exception) -> None:
    assert out_of_memory(fault)
    assert final(fault)
    with (
        pytest.raises(NotEnoughMemoryError, match="the derivative failed, memory ran out") as found,
        in_our_words("the derivative"),
    ):
        raise fault
    assert found.value.__cause__ is fault


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (RuntimeError(f"{OVERWRITTEN} operation: [Tensor]"), InvalidModelError),
        (
            NotImplementedError("derivative for aten::odd is not implemented"),
            UnsupportedOperationError,
        ),
        (ValueError("two\nlines"), UnsupportedOperationError),
    ],
)
def test_other_faults_keep_their_cause(fault: Exception, kind: type[SpecxaiError]) -> None:
    assert not final(fault)
    tell_place(fault, "odd@body.0")
    tell_place(fault, "sum@body")  # the innermost is told
    with pytest.raises(kind) as found, in_our_words("the derivative"):
        raise fault
    assert found.value.__cause__ is fault
    assert "\n" not in str(found.value)
    if kind is UnsupportedOperationError:
        assert f"the derivative failed at odd@body.0 ({first_line(fault)})" in str(found.value)


def test_errors_of_ours_pass_as_they_are() -> None:
    fault = InvalidModelError("as it is")
    with pytest.raises(InvalidModelError, match=r"^as it is$"), in_our_words("the derivative"):
        raise fault


class Exhausts(nn.Module):
    """Runs out of memory in batches of more than one."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(3, 4), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        if len(x) > 1:
            raise torch.OutOfMemoryError("out of memory")
        return self.head(self.body(x).relu())


def test_memory_that_runs_out_in_a_batch_is_told_and_not_answered_by_a_slow_loop() -> None:
    with pytest.raises(NotEnoughMemoryError):
        specxai.explain(Exhausts().eval(), torch.ones(1, 3), "body", 0)


class Fails(nn.Module):
    """Fails at one operation, and says so in two lines."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) @ torch.ones(3, 3)


def test_a_model_that_fails_on_its_input_is_told_in_one_line() -> None:
    with pytest.raises(SpecxaiError, match=r"failed on an input of shape \(1, 3\)") as found:
        specxai.linearize(Fails().eval(), torch.ones(1, 3))
    assert "\n" not in str(found.value)
