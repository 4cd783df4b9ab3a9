"""Rows in memory, in a file or nowhere: the same decomposition, within the memory allowed."""

import subprocess
import sys

import numpy as np
import pytest
import torch

import zoo
from reference import dense
from specxai import Auto, Krylov, explain
from specxai.affine import Jacobian, linearize
from specxai.errors import InvalidInputError, NotEnoughMemoryError, SpecxaiError
from specxai.spectral.svd import memory
from specxai.spectral.svd.exact import exact_svd
from specxai.spectral.svd.gram import stored_gram, streamed_gram
from specxai.spectral.svd.memory import plan_storage, read_memory
from specxai.spectral.svd.rows import Rows, rows_on_file

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GiB", 2**31), ("1.5 mib", 3 * 2**19), ("10kB", 10_000), (4096, 4096), ("7", 7)],
)
def test_amounts(text, size):
    assert read_memory(text, CPU) == size


@pytest.mark.parametrize("text", ["", "much", "2 GiBs", "-1GiB", "1.2.3", 0])
def test_what_is_no_amount(text):
    with pytest.raises(InvalidInputError, match="is no amount"):
        read_memory(text, CPU)


def test_without_an_amount_it_is_what_is_free():
    assert 2**20 < read_memory(None, CPU) < 2**50


def matrix_operator(rows, columns, dtype=torch.float32):
    matrix = torch.randn(rows, columns, generator=torch.Generator().manual_seed(1)).to(dtype)
    return matrix, Jacobian(lambda x: x @ matrix.T, torch.randn(1, columns).to(dtype))


def test_the_places_in_order():
    _, right = matrix_operator(100, 5000)
    gram, rows = 8 * 100**2, 4 * 100 * 5000
    columns = 2 * 8 * 100 * 5000
    places = {
        rows + gram + columns: "memory",
        rows + gram + columns - 1: "nowhere",
        4 * gram + 5 * 8 * 5000: "nowhere",
    }
    for budget, place in places.items():
        assert plan_storage(right, 100, budget, None).place == place
    with pytest.raises(NotEnoughMemoryError, match="100 active rows"):
        plan_storage(right, 100, 8 * 100**2, None)


def test_more_rows_than_inputs_need_no_gram_matrix():
    """3,000 rows of 20 inputs: a few copies of R, where the Gram matrix takes 275 MiB."""
    _, right = matrix_operator(3000, 20)
    assert plan_storage(right, 3000, 2**22, None).place == "memory"
    with pytest.raises(NotEnoughMemoryError, match="3,000 active rows"):
        plan_storage(right, 3000, 2**20, None)


def test_a_scratch_folder_comes_before_streaming(tmp_path):
    _, right = matrix_operator(3000, 40_000)
    budget = 4 * 8 * 3000**2 + 2**28 + 2**20
    assert plan_storage(right, 3000, budget, tmp_path).place == "file"
    assert plan_storage(right, 3000, budget, None).place == "nowhere"


def test_the_block_shrinks_to_the_budget():
    _, right = matrix_operator(100, 5000)
    small = plan_storage(right, 100, 4 * 8 * 100**2 + 4 * 8 * 5000, None)
    assert 1 <= small.block < right.block
    assert plan_storage(right, 100, 2**30, None).block == right.block


@pytest.mark.parametrize("width", [1, 3, 7, 20])
def test_rows_on_file_are_the_rows(tmp_path, width):
    values = torch.randn(5, 7)
    kept = Rows((5, 7), values, width)
    with rows_on_file((5, 7), values, width, tmp_path) as filed:
        for rows in (kept, filed):
            rows.write(0, values[:3])
            rows.write(3, values[3:])
            assert torch.cat(list(rows.columns()), 1).equal(values)
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


def test_a_scratch_file_is_gone_after_a_fault(tmp_path):
    with pytest.raises(InterruptedError), rows_on_file((5, 7), torch.ones(1), 3, tmp_path):
        raise InterruptedError
    assert not list(tmp_path.iterdir())


def test_a_scratch_folder_that_is_not_there(tmp_path):
    refused = pytest.raises(SpecxaiError, match="cannot write to the scratch folder")
    with refused, rows_on_file((5, 7), torch.ones(1), 3, tmp_path / "none"):
        pass


@pytest.mark.parametrize("count", [1, 5, 767, 768, 900])
def test_the_gram_matrix(count, monkeypatch):
    values = torch.randn(count, 50)
    rows = Rows((count, 50), values, 16)
    rows.write(0, values)
    truth = values.double() @ values.double().T
    gram = stored_gram(rows)
    torch.testing.assert_close(gram, truth, rtol=1e-13, atol=1e-13)
    assert gram.equal(gram.T)
    right = Jacobian(lambda x: x @ values.T, torch.randn(1, 50))
    streamed = streamed_gram(right, torch.arange(count))
    torch.testing.assert_close(streamed, truth, rtol=1e-4, atol=1e-4)
    assert streamed.equal(streamed.T)


@pytest.mark.parametrize("name", ["residual branch", "norms and dropout", "wide output"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_place_gives_the_same(name, dtype, tmp_path, monkeypatch):
    net = zoo.build(name)
    truth = dense(net.model, net.x, net.layer)
    right = linearize(net.model.to(dtype), net.x.to(dtype)).right(net.layer)
    found = {}
    for place in ("memory", "file", "nowhere"):
        storage = plan_storage(right, 1, 2**30, None)
        monkeypatch.setattr(
            "specxai.spectral.svd.exact.plan_storage",
            lambda *_, place=place, storage=storage: type(storage)(place, storage.block),
        )
        found[place] = exact_svd(right, scratch=tmp_path)
    assert found["file"].left.equal(found["memory"].left)
    assert not list(tmp_path.iterdir())
    streamed = found["nowhere"]
    n = len(streamed.singular_values)
    np.testing.assert_allclose(streamed.singular_values, truth.sigma[:n], rtol=1e-3)
    whole = truth.L @ truth.R @ net.x.numpy().ravel()
    weights = torch.tensor(truth.L)[streamed.active]
    total = weights @ streamed.left @ streamed.coefficients
    total += weights @ streamed.rest @ streamed.rest_coefficients
    assert float(total) == pytest.approx(whole, rel=1e-4)


def test_auto_turns_to_products_where_nothing_else_fits():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3000, 2000), torch.nn.Linear(2000, 3)).eval()
    ex = explain(
        model, torch.randn(1, 3000), "0", 0, memory="20MiB", method=Auto(krylov=Krylov(2, tol=0.1))
    )
    assert ex.method == "krylov"
    with pytest.raises(NotEnoughMemoryError, match="2,000 active rows"):
        explain(model, torch.randn(1, 3000), "0", 0, memory="20MiB", method="exact")


PEAK = """
import resource, sys, torch, specxai

torch.set_num_threads(1)
torch.manual_seed(0)
conv = torch.nn.Conv2d
deep = [part for _ in range(int(sys.argv[3])) for part in (conv(32, 32, 1), torch.nn.ReLU())]
model = torch.nn.Sequential(
    conv(3, 32, 3, padding=1), torch.nn.ReLU(), *deep,
    conv(32, 16, 3, 4, padding=1), torch.nn.ReLU(),
    torch.nn.Flatten(), torch.nn.Linear(16 * 20 * 20, 5),
).eval()
layer = str(len(model) - 3)
x = torch.randn(1, 3, 80, 80)
specxai.explain(model, x, "5", 0)  # everything is imported and warm
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
memory, scratch = sys.argv[1], sys.argv[2] or None
ex = specxai.explain(model, x, layer, 0, memory=memory, method=specxai.Exact(scratch))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(after - before, len(ex.svd.active), float(ex.residual / ex.output))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux")
@pytest.mark.parametrize(
    ("budget", "scratch", "depth"), [(420, False, 0), (300, True, 0), (420, False, 10)]
)
@pytest.mark.slow
def test_the_peak_stays_within_the_budget(budget, scratch, depth, tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", PEAK, f"{budget}MiB", str(tmp_path) if scratch else "",
         str(depth)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    peak, active, residual = run.stdout.split()
    assert int(active) > 2000
    assert int(peak) / 1024 <= budget
    assert abs(float(residual)) < 1e-4


TALL = """
import resource, sys, torch, specxai
torch.set_num_threads(1)
torch.manual_seed(0)
nn = torch.nn
small, model = (
    nn.Sequential(nn.Linear(n, m), nn.LeakyReLU(), nn.Linear(m, 2)).eval()
    for n, m in ((100, 300), (400, 20000))
)
specxai.explain(small, torch.randn(1, 100), "1", 0)  # everything is imported and warm
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
ex = specxai.explain(model, torch.randn(1, 400), "1", 0, memory=sys.argv[1], method="exact")
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(after - before, ex.rank, float(ex.residual / ex.output))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux")
def test_the_peak_with_more_rows_than_inputs():
    """The Gram matrix of these 20,000 rows alone would take 3 GiB."""
    run = subprocess.run(
        [sys.executable, "-c", TALL, "330MiB"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    peak, rank, residual = run.stdout.split()
    assert int(rank) == 400
    assert int(peak) / 1024 <= 330
    assert abs(float(residual)) < 1e-4


def test_cached_files_are_free_memory(tmp_path):
    file = tmp_path / "meminfo"
    file.write_text("MemTotal:  24000 kB\nMemFree:  100 kB\nMemAvailable:   20000 kB\n")
    assert memory._available(file) == 20000 * 1024
    assert memory._available(tmp_path / "no such file") is None
    for name, text in (
        ("max", "1000\n"),
        ("current", "900\n"),
        ("stat", "anon 1\ninactive_file 300\n"),
    ):
        (tmp_path / f"memory.{name}").write_text(text)
    assert memory._free_in_container(tmp_path) == 400
    (tmp_path / "memory.max").write_text("max\n")
    assert memory._free_in_container(tmp_path) == 2**50
