"""The Jacobian of a function at a point as a linear operator (paper, equations 7 and 16)."""

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from specxai.affine.products import pullback, pushforward
from specxai.affine.products.adjointness import (
    TOLERANCES,
    disagreement,
    random_like,
    rounding_norm,
)
from specxai.affine.products.numerics import full_precision
from specxai.affine.products.tape import NotRecordedError
from specxai.affine.tracing.faults import final, in_our_words
from specxai.errors import MissingExtraError, UnsupportedOperationError

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

# What products without a derivative of their own may take: a backward pass for each row.
MOST_ROWS = 20_000


@dataclass
class Products:
    """How many products with a Jacobian were computed so far.

    Attributes:
        pushed: Jacobian-vector products.
        pulled: vector-Jacobian products.
    """

    pushed: int = 0
    pulled: int = 0


class Jacobian:
    """J = ∂f/∂x at one x, used through products and rows, never as a whole.

    Attributes:
        function: maps a batch of inputs to a batch of outputs.
        x: the point, shape (1, *input).
        value: f(x), shape (1, *output).
        shape: (m, M), the numbers of output and of input values.
        block: how many products are computed at a time.
        sample_bytes: about how much memory one of them takes beside its result.
        displacement: what the affine map multiplies with J: x, or x − x₀ from a baseline.
        products: how many were computed so far, by this operator and its copies.
        share: of J d, what completes it to what it has to be; None where nothing does.

    >>> weight = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    >>> J = Jacobian(lambda x: x @ weight.T, torch.ones(1, 3))
    >>> J.matmat(torch.eye(3))
    tensor([[1., 2., 3.],
            [4., 5., 6.]])
    """

    share: float | None = None

    @full_precision()
    def __init__(
        self,
        function: Callable[[Tensor], Tensor],
        x: Float[Tensor, "1 ..."],
        block: int = 16,
        sample_bytes: int = 0,
        displacement: Float[Tensor, "1 ..."] | None = None,
    ) -> None:
        self.function = function
        self.x = x.detach()
        self.displacement = self.x if displacement is None else displacement.detach()
        self.block = block
        self.sample_bytes = sample_bytes
        self.products = Products()
        self._reversed = False
        with torch.no_grad(), in_our_words("the network"):
            self.value: Tensor = function(self.x).detach()
        self.shape = (self.value.numel(), self.x.numel())

    @cached_property
    def image(self) -> Float[Tensor, " m"]:
        """J x or J (x − x₀), float64: computed once, as the terms of every explanation need it."""
        return self._first[-1].double()

    @cached_property
    def active(self) -> Bool[Tensor, " m"]:
        """Which outputs the input moves at all: the rows of J that are not zero.

        A zero row, such as that of a closed ReLU, gives exactly zero along every direction; any
        other row does not, along a random one. Two are taken, because a product may underflow.
        """
        return self._probes[1].any(0)

    @cached_property
    def _probes(self) -> tuple[Float[Tensor, "2 M"], Float[Tensor, "2 m"]]:
        """Two random directions and their products."""
        return self._directions, self._first[:2]

    @cached_property
    def _directions(self) -> Float[Tensor, "2 M"]:
        generator = torch.Generator().manual_seed(0)
        directions = torch.randn(2, self.shape[1], generator=generator, dtype=self.x.dtype)
        return directions.to(self.x.device)

    @cached_property
    def _first(self) -> Float[Tensor, "3 m"]:
        """The products that every use needs, with two random directions and with x: one by one."""
        tangents = torch.cat([self._directions, self.displacement.reshape(1, -1)])
        return torch.cat(list(self.pushed(tangents.split(1))))

    @property
    def goes_forward(self) -> bool:
        """Whether forward products have formulas of their own, apart from those of reverse ones."""
        _ = self._probes
        return not self._reversed

    @cached_property
    def disagreement(self) -> float:
        """How far forward and reverse products are apart, see `disagreement`.

        Where only batches of reverse products are wrong, because the samples of a batch disturb
        each other, they are computed without a batch from now on.
        """
        (v, _), (pushed, _) = self._probes
        w = random_like(self.value, 1).reshape(1, -1)
        floor = rounding_norm(self.x, self.value)
        single = disagreement(pushed, w, v, self.pull(w)[0], floor)
        pair = torch.cat([random_like(w, 2), w])
        bound = TOLERANCES.get(self.x.dtype, TOLERANCES[torch.float32])
        if single > bound or self.block == 1:
            return single
        for way in ("copies", "vmap", "one by one"):
            if way == "vmap":
                self.layout = None
            elif way == "one by one":
                self.block = 1
            rows = torch.cat(list(self.pulled(pair.split(self.block))))
            together = disagreement(pushed, w, v, rows[1], floor)
            if together <= bound:
                break
        return max(single, together)

    def afresh(self) -> "Jacobian":
        """Return the same operator without what it has found out so far."""
        return Jacobian(self.function, self.x, self.block, self.sample_bytes, self.displacement)

    def matmat(self, V: Float[Tensor, "M k"]) -> Float[Tensor, "m k"]:
        """Return J V: Jacobian-vector products, one for each column of V."""
        return self.push(V.T).T

    def rmatmat(self, W: Float[Tensor, "m k"]) -> Float[Tensor, "M k"]:
        """Return Jᵀ W: vector-Jacobian products, one for each column of W."""
        return self.pull(W.T).T

    def push(self, tangents: Float[Tensor, "k M"]) -> Float[Tensor, "k m"]:
        """Return J v for each row v: `matmat` for vectors stored as rows.

        Rounded as the forward pass rounds, so that J x can be taken from f(x).
        """
        return torch.cat(list(self.pushed(tangents.split(self.block))))

    def pull(self, cotangents: Float[Tensor, "k m"]) -> Float[Tensor, "k M"]:
        """Return Jᵀ w for each row w: `rmatmat` for vectors stored as rows.

        Rounded as the forward pass rounds, as `push` is.
        """
        parts = iter(cotangents.split(self.block))
        blocks = list(_in_full_precision(self._pulled(parts, folded=False)))
        return torch.cat(blocks) if blocks else self.x.new_empty(0, self.shape[1])

    @full_precision()
    def rows(
        self, indices: Int[Tensor, " k"], progress: Callable[[int], None] = lambda done: None
    ) -> Float[Tensor, "k M"]:
        """Return rows of J.

        Args:
            indices: positions in the flattened output, int64.
            progress: called with the number of finished rows after each block.

        Returns:
            The rows, in the order of the indices.
        """
        result = self.x.new_empty(len(indices), self.shape[1])
        done = 0
        for part in self.row_blocks(indices):
            result[done : done + len(part)] = part
            done += len(part)
            progress(done)
        return result

    def row_blocks(self, indices: Int[Tensor, " k"]) -> Iterator[Float[Tensor, "_ M"]]:
        """Yield rows of J, block after block, in the order of the indices."""
        return self.pulled(self._basis(part) for part in indices.split(self.block))

    def pulled(self, blocks: Iterable[Float[Tensor, "_ m"]]) -> Iterator[Float[Tensor, "_ M"]]:
        """Yield Jᵀ w for the rows w of each block, at most `block` of them at a time.

        Faster than `pull` where there are batch norms, which are taken as one product.
        """
        return _in_full_precision(self._pulled(iter(blocks), folded=True))

    def pushed(self, blocks: Iterable[Float[Tensor, "_ M"]]) -> Iterator[Float[Tensor, "_ m"]]:
        """Yield J v for the rows v of each block, at most `block` of them at a time."""
        return _in_full_precision(self._pushed(iter(blocks)))

    def in_blocks_of(self, block: int) -> "Jacobian":
        """Return the same operator with another number of products at a time."""
        other = copy(self)
        other.block = block
        return other

    def to_scipy(self) -> "LinearOperator":
        """Return the same operator as a ``scipy.sparse.linalg.LinearOperator``."""
        try:
            from scipy.sparse.linalg import LinearOperator
        except ImportError:
            raise MissingExtraError("Jacobian.to_scipy", "scipy") from None

        def numpy(product: Callable[[Tensor], Tensor]) -> Callable[..., object]:
            return lambda array: (
                product(torch.as_tensor(array.reshape(len(array), -1)).to(self.x)).cpu().numpy()
            )

        return LinearOperator(
            self.shape,
            matvec=numpy(self.matmat),
            matmat=numpy(self.matmat),
            rmatvec=numpy(self.rmatmat),
            rmatmat=numpy(self.rmatmat),
            dtype=self.x.cpu().numpy().dtype,
        )

    @cached_property
    def layout(self) -> torch.memory_format | None:
        """The memory layout in which a batch of equal inputs gives independent rows.

        None when there is none: then the rows are computed without a batch. Checked once, by a
        test.
        """
        fit = (
            layout
            for layout in pullback.layouts(self.x)
            if not pullback.mixes_samples(self.function, self.x, layout)
        )
        return next(fit, None)

    def _pulled(self, blocks: Iterator[Tensor], folded: bool) -> Iterator[Tensor]:
        """Pull blocks of cotangents back, by the fastest way that is right for the function."""
        pull: pullback.Pullback | None = None
        for cotangents in blocks:
            pull = self._pullback(len(cotangents), folded) if pull is None else pull
            try:
                gradients = pull(cotangents)
            except Exception as fault:  # an operation without a vmap rule
                if final(fault):
                    raise
                pull = pullback.looped(self.function, self.x)
                gradients = pull(cotangents)
            self.products.pulled += len(cotangents)
            yield gradients.detach().reshape(len(cotangents), self.shape[1])

    def _pushed(self, blocks: Iterator[Tensor]) -> Iterator[Tensor]:
        """Push blocks of tangents forward, by the fastest way that the function allows."""
        ways: list[Callable[[int], pushforward.Pushforward]] = [
            self._taped,
            lambda _: pushforward.vectorized(self.function, self.x),
            lambda _: pushforward.sequential(self.function, self.x),
            lambda _: pushforward.transposed(self.function, self.x),
            lambda _: self._push_by_rows,
        ]
        push: pushforward.Pushforward | None = None
        for tangents in blocks:
            products = None
            while products is None:
                try:
                    push = ways[0](len(tangents)) if push is None else push
                    products = push(tangents)
                except Exception as fault:  # a formula or a vmap rule is missing
                    if final(fault) or len(ways) == 1:
                        raise
                    del ways[0]
                    push = None
            self._reversed = len(ways) <= 2
            self.products.pushed += len(tangents)
            yield products.detach()

    def _taped(self, count: int) -> pushforward.Pushforward:
        """Record the derivative; that of a batch must be that of one sample."""
        layout = None if count == 1 else self.layout
        if layout is None:
            return pushforward.taped(self.function, self.x)
        push = pushforward.taped(self.function, self.x, count, layout)
        directions, products = self._probes
        bound = TOLERANCES.get(self.x.dtype, TOLERANCES[torch.float32])
        if not (push(directions) - products).norm() <= bound * products.norm():
            raise NotRecordedError("samples of a batch disturb each other")
        return push

    def _push_by_rows(self, tangents: Float[Tensor, "k M"]) -> Float[Tensor, "k m"]:
        """Multiply tangents with every row: where PyTorch has no other derivative."""
        count = self.shape[0]
        if count > MOST_ROWS:
            raise UnsupportedOperationError(
                "an operation has neither a forward-mode nor a second derivative, and "
                f"{count:,} values are too many to take row by row: split at a layer with fewer "
                "units, or behind that operation"
            )
        products = tangents.new_empty(len(tangents), count)
        done = 0
        for rows in self.row_blocks(torch.arange(count, device=self.x.device)):
            products[:, done : done + len(rows)] = tangents @ rows.T
            done += len(rows)
        return products

    def _pullback(self, copies: int, folded: bool) -> pullback.Pullback:
        if copies > 1 and self.layout is not None:
            return pullback.replicated(self.function, self.x, copies, self.layout, folded)
        if copies > 1:
            return pullback.vectorized(self.function, self.x, folded)
        return pullback.looped(self.function, self.x)

    def _basis(self, indices: Int[Tensor, " k"]) -> Float[Tensor, "k m"]:
        """Return one unit cotangent for each index."""
        one_hot = self.value.new_zeros(len(indices), self.shape[0])
        one_hot[torch.arange(len(indices)), indices] = 1
        return one_hot


def _in_full_precision(results: Iterator[Tensor]) -> Iterator[Tensor]:
    """Compute each result in full precision, which must not be held in between."""
    while True:
        with full_precision(), in_our_words("the derivative"):
            result = next(results, None)
        if result is None:
            return
        yield result
