"""Recurrent networks by their cells, one step after the other."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from specxai.affine.tracing.baseline.composed import composed

Weights = Sequence[Tensor | None]


def _gates(x: Tensor, h: Tensor, weights: Weights) -> Tensor:
    w_ih, w_hh, *biases = weights
    b_ih, b_hh = biases or (None, None)
    return functional.linear(x, w_ih, b_ih) + functional.linear(h, w_hh, b_hh)  # type: ignore[arg-type]


@composed("lstm_cell")
def lstm_cell(x: Tensor, state: Sequence[Tensor], *weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """c' = f c + i g and h' = o tanh c'."""
    h, c = state
    i, f, g, o = _gates(x, h, weights).chunk(4, -1)
    new = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * new.tanh(), new


@composed("gru_cell")
def gru_cell(x: Tensor, h: Tensor, *weights: Tensor | None) -> Tensor:
    """h' = (1 − z) n + z h with n = tanh(W x + r (U h))."""
    w_ih, w_hh, *biases = weights
    b_ih, b_hh = biases or (None, None)
    r_x, z_x, n_x = functional.linear(x, w_ih, b_ih).chunk(3, -1)  # type: ignore[arg-type]
    r_h, z_h, n_h = functional.linear(h, w_hh, b_hh).chunk(3, -1)  # type: ignore[arg-type]
    n = (n_x + (r_x + r_h).sigmoid() * n_h).tanh()
    return n + (z_x + z_h).sigmoid() * (h - n)


@composed("rnn_tanh_cell")
def rnn_tanh_cell(x: Tensor, h: Tensor, *weights: Tensor | None) -> Tensor:
    """h' = tanh(W x + U h)."""
    return _gates(x, h, weights).tanh()


@composed("rnn_relu_cell")
def rnn_relu_cell(x: Tensor, h: Tensor, *weights: Tensor | None) -> Tensor:
    """h' = relu(W x + U h)."""
    return _gates(x, h, weights).relu()


def _unrolled(cell: Callable[..., Any], states: int) -> Callable[..., Any]:
    """Return the whole recurrent network of a cell, with the arguments that PyTorch gives it."""

    def steps(
        input: Tensor,
        hx: Any,
        params: Weights,
        has_biases: Any,
        num_layers: Any,
        dropout: float = 0.0,
        train: bool = False,
        bidirectional: bool = False,
        batch_first: bool = False,
    ) -> Any:
        if not isinstance(has_biases, bool) or (train and dropout):
            return None  # packed sequences have other arguments
        initial = list(hx) if states == 2 else [hx]
        each = len(params) // (num_layers * (2 if bidirectional else 1))
        sequence = input.transpose(0, 1) if batch_first else input
        ends: list[list[Tensor]] = []
        for layer in range(num_layers):
            outputs = []
            for direction in range(2 if bidirectional else 1):
                number = layer * (2 if bidirectional else 1) + direction
                weights = params[number * each : (number + 1) * each]
                if len(weights) not in (2, 4):
                    return None  # a projection of the state
                state = [part[number] for part in initial]
                outputs.append(_walked(cell, sequence, state, weights, bool(direction)))
                ends.append(state)
            sequence = torch.cat(outputs, -1)
        last = [torch.stack([state[n] for state in ends]) for n in range(states)]
        return sequence.transpose(0, 1) if batch_first else sequence, *last

    return steps


def _walked(
    cell: Callable[..., Any],
    sequence: Tensor,
    state: list[Tensor],
    weights: Weights,
    backwards: bool,
) -> Tensor:
    """Run a cell over a sequence and return its outputs; the state is left at the end."""
    outputs = []
    steps = range(len(sequence))
    for step in reversed(steps) if backwards else steps:
        given = state if len(state) == 2 else state[0]
        new = cell(sequence[step], given, *weights)
        state[:] = new if isinstance(new, tuple) else [new]
        outputs.append(state[0])
    return torch.stack(outputs[::-1] if backwards else outputs)


composed("lstm")(_unrolled(lstm_cell, 2))
composed("gru")(_unrolled(gru_cell, 1))
composed("rnn_tanh")(_unrolled(rnn_tanh_cell, 1))
composed("rnn_relu")(_unrolled(rnn_relu_cell, 1))
