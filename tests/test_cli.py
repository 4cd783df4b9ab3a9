"""The command line, run as a user runs it: in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

import specxai
from command_line import run

pytestmark = pytest.mark.slow  # every test starts a process

MODELS = '''
import torch
from torch import nn


class Wild(nn.Module):
    """Not piecewise linear, in a submodule."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 5), nn.GELU())

    def forward(self, x):
        return self.body(x)


class Pair(nn.Module):
    def forward(self, x):
        return x, x


class WithPair(nn.Module):
    def __init__(self):
        super().__init__()
        self.pair = Pair()
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        return self.head(self.pair(x)[0])


class Fork(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.head = nn.Linear(6, 3), nn.Linear(6, 4), nn.Linear(7, 2)

    def forward(self, x):
        return self.head(torch.cat([self.a(x), self.b(x)], 1).relu())


def fork():
    return Fork().bfloat16().eval()


def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)).eval()


def deep():
    torch.manual_seed(0)
    parts = nn.Linear(6, 8), nn.LeakyReLU(), nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 3)
    return nn.Sequential(*parts).eval()


def training():
    return small().train()


def broken():
    net = small()
    net[0].weight.data[0, 0] = float("nan")
    return net


def dead():
    net = small()
    net[0].weight.data.zero_()
    return net


def wild():
    return Wild().eval()


def pair():
    return WithPair().eval()


def picture():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()).eval()
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("user")
    (path / "nets.py").write_text(MODELS)
    values = np.random.default_rng(0).standard_normal((1, 6)).astype(np.float32)
    np.save(path / "x.npy", values)
    np.save(path / "nan.npy", values * np.nan)
    np.save(path / "wide.npy", np.ones((1, 7), np.float32))
    np.save(path / "many.npy", np.ones((2, 6), np.float32))
    np.save(path / "square.npy", np.ones((1, 1, 5, 5), np.float32))
    Image.new("RGB", (20, 20), "red").save(path / "photo.png")
    return path


# The map at x alone, all components, and the numbers of the paper.
PAPER = ("--baseline", "none", "--method", "auto", "--details")


def test_an_answer_without_any_option(folder: Path) -> None:
    done = run(folder, "explain", "nets.py:deep", "x.npy", "--out", "answer", "--quiet")
    assert done.returncode == 0, done.stderr
    asked = (
        "y, the network's own output",
        "from the baseline x₀ (zero)",
        ", as shares of u·(x − x₀)",
        "How far to trust it:",
        "It adds up",
        "Taken out of the real network, component",
    )
    places = [done.stdout.index(words) for words in asked]
    assert places == sorted(places)
    told = run(folder, "explain", "nets.py:deep", "x.npy", "--out", "json", "--quiet", "--json")
    summary = json.loads(told.stdout)
    answer, terms = summary["answer"], summary["terms"]
    total = sum(part["contribution"] for part in answer["parts"])
    total += answer["start"] + answer["others"] + answer["unresolved"] + answer["bypass"]
    assert total == pytest.approx(terms["output"], abs=1e-6)
    assert answer["trust"]["residual"] < 1e-5
    assert summary["baseline"] == "zero"


def test_explain_writes_a_table_a_figure_and_a_file(folder: Path) -> None:
    arguments = ("explain", "nets.py:small", "x.npy", "--layer", "1", *PAPER)
    done = run(folder, *arguments, "--quiet")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for word in ("u·x", "bypass", "residual", "reduced share", "canonical"):
        assert word in done.stdout
    with Image.open(folder / "explanation" / "explanation.png") as figure:
        assert figure.size[0] > 500
    with safe_open(folder / "explanation" / "explanation.safetensors", "pt") as file:
        header = json.loads(file.metadata()["specxai"])
        total = file.get_tensor("contributions").sum() + file.get_tensor("bias")
        output = file.get_tensor("output")
    assert header["model"] == "nets.py:small"
    assert header["layer"] == "1"
    assert header["exactness"] == "canonical"
    assert {"specxai", "torch"} <= set(header["versions"])
    assert abs(total - output) <= 1e-6 * abs(output)


def test_show_prints_and_draws_a_file_without_the_model(folder: Path) -> None:
    arguments = ("explain", "nets.py:small", "x.npy", "--layer", "1", "--vectors", "float16")
    shown = run(folder, *arguments, *PAPER, "--out", "kept", "--quiet")
    assert shown.returncode == 0, shown.stderr
    file = folder / "kept" / "explanation.safetensors"
    file = file.rename(folder / "kept" / "alone.safetensors")
    answer = run(folder / "kept", "show", file.name)
    assert answer.returncode == 0, answer.stderr
    assert ", as shares of u·x" in answer.stdout
    again = run(folder / "kept", "show", file.name, "--details", "--out", "drawn")
    assert again.returncode == 0, again.stderr
    table = shown.stdout.partition("wrote")[0]
    assert again.stdout.startswith(table.rstrip())
    assert "exact: vectors kept in float16" in again.stdout
    with Image.open(folder / "kept" / "drawn" / "explanation.png") as figure:
        assert figure.size[0] > 500
    listed = run(folder / "kept", "show", file.name, "--details", "--strategies")
    assert "Σ left out" in listed.stdout.removeprefix(table)
    printed = run(folder / "kept", "show", file.name, "--json", "--top", "1")
    assert json.loads(printed.stdout)["terms"]["output"] == pytest.approx(
        float(load_file(file)["output"])
    )


def test_show_says_which_vectors_are_missing(folder: Path) -> None:
    arguments = ("explain", "nets.py:small", "x.npy", "--layer", "1", "--vectors", "none")
    assert run(folder, *arguments, "--out", "bare", "--quiet").returncode == 0
    show = ("show", "explanation.safetensors")
    assert ", as shares of" in run(folder / "bare", *show).stdout
    done = run(folder / "bare", *show, "--maps", "product", "--out", "drawn")
    assert done.returncode == 2
    assert "holds no vectors of component" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (folder / "bare" / "drawn").exists()


def test_json_holds_the_numbers_of_the_model(folder: Path) -> None:
    arguments = ("explain", "nets.py:small", "x.npy", "--layer", "1", "--target", "2")
    done = run(folder, *arguments, "--out", "two", "--quiet", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    terms = summary["terms"]
    total = sum(part["contribution"] for part in summary["components"])
    total += summary["other_contribution"] + terms["bypass"] + terms["bias"]
    assert summary["target"] == 2
    assert total == pytest.approx(terms["output"], abs=1e-6)
    assert (folder / "two" / "explanation.png").is_file()


def test_the_whole_network_and_all_its_outputs(folder: Path) -> None:
    arguments = ("explain", "nets.py:small", "x.npy", "--layer", "none")
    done = run(folder, *arguments, "--out", "whole", "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["layer"] is None
    assert summary["target"] is None
    assert summary["units"] == 3


def test_rules_and_the_bias_ledger(folder: Path) -> None:
    arguments = ("explain", "nets.py:wild", "x.npy", "--layer", "body.0", *PAPER, "--out", "wild")
    done = run(folder, *arguments, "--rule", "secant", "--ledger")
    assert done.returncode == 0, done.stderr
    for word in ("convention: secant", "1 × gelu: secant, frozen:", "linear@body.0", "remainder"):
        assert word in done.stdout
    with Image.open(folder / "wild" / "ledger.png") as figure:
        assert figure.size[0] > 500
    done = run(folder, *arguments, "--ledger", "--json", "--overwrite")
    summary = json.loads(done.stdout)
    (part,) = summary["conventions"]
    assert (part["operation"], part["convention"], part["calls"]) == ("gelu", "tangent", 1)
    total = sum(entry["contribution"] for entry in summary["ledger"]["entries"])
    assert total + summary["ledger"]["remainder"] == pytest.approx(summary["terms"]["bias"])
    assert abs(summary["ledger"]["remainder"]) < 1e-6


def test_several_layers_of_a_model_of_half_precision(folder: Path) -> None:
    arguments = ("explain", "nets.py:fork", "x.npy", "--layer", "b, a", "--out", "fork")
    done = run(folder, *arguments, "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["layer"] == ["a", "b"]
    assert (summary["units"], summary["cut"]) == (7, True)
    assert summary["precision"] == "float32 in place of bfloat16"
    assert abs(summary["terms"]["residual"]) < 1e-6


def test_evolve_writes_a_table_and_a_figure(folder: Path) -> None:
    arguments = ("evolve", "nets.py:small", "x.npy", "--layers", "1, 0", "--quiet", "--overwrite")
    done = run(folder, *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for word in ("eff. rank", "of Σ|α|", "canonical", "evolution.png"):
        assert word in done.stdout
    with Image.open(folder / "evolution" / "evolution.png") as figure:
        assert figure.size[0] > 500
    done = run(folder, *arguments, "--target", "2", "--method", "krylov", "--json")
    summary = json.loads(done.stdout)
    assert summary["target"] == 2
    first, second = summary["layers"]
    assert (first["layer"], first["units"], first["cosine"]) == ("0", 5, None)
    assert second["layer"] == "1"
    assert 0 <= second["cosine"] <= 1
    assert 0 < second["energy_share"] <= 1


def test_similarity_compares_files(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(6, 5), nn.ELU(), nn.Linear(5, 3)).eval()
    results = {f"{k}.safetensors": specxai.explain(net, torch.randn(1, 6), "1") for k in range(3)}
    for name, result in results.items():
        result.named("net", "dog").save(tmp_path / name, vectors=[0, 1])
    compared = ("similarity", *results, "--absolute", "--out", "deeper/matrix.png", "--json")
    done = run(tmp_path, *compared, "--k", "1")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    expected = specxai.similarity(results.values(), 1, absolute=True)
    np.testing.assert_allclose(summary["matrix"], expected.matrix, atol=1e-6)
    assert summary["names"] == ["0 (dog)", "1 (dog)", "2 (dog)"]
    with Image.open(tmp_path / "deeper" / "matrix.png") as figure:
        assert figure.size[0] > 500
    done = run(tmp_path, *compared, "--k", "2", "--overwrite")
    assert done.returncode == 2
    assert "holds no vectors of component 2" in done.stderr


def test_layers_lists_addresses_units_and_cuts(folder: Path) -> None:
    done = run(folder, "layers", "nets.py:small", "x.npy", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["layers"]
    assert [row["address"] for row in rows] == ["0", "1", "2"]
    assert [row["units"] for row in rows] == [5, 5, 3]
    assert all(row["cut"] for row in rows)
    assert 0 < rows[1]["active"] <= 5
    table = run(folder, "layers", "nets.py:small", "x.npy")
    assert "ReLU" in table.stdout


def test_layers_without_an_input_takes_noise(folder: Path) -> None:
    done = run(folder, "layers", "torchvision:squeezenet1_1", "--weights", "none")
    assert done.returncode == 0, done.stderr
    assert "features.12.expand3x3" in done.stdout
    assert "noise 0" in done.stdout


def test_progress_goes_to_standard_error_only(folder: Path) -> None:
    arguments = ("explain", "nets.py:small", "x.npy", "--layer", "1", "--out", "p", "--json")
    done = run(folder, *arguments)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)


SURGERY = ("surgery", "nets.py:deep", "x.npy", "--layer", "1", "--target", "1", "--quiet")
SURGERY += ("--baseline", "none")
EXPLAIN = ("explain", "nets.py:small", "x.npy", "--layer", "1")


@pytest.mark.parametrize(
    ("arguments", "fault", "remedy"),
    [
        (("explain", "nets.py:small", "x.npy", "--layer", "11"), "no layer '11'", "closest: 1"),
        (("explain", "nets.py:pair", "x.npy", "--layer", "pair"), "pair", "does not return a tens"),
        (("explain", "nets.py:training", "x.npy", "--layer", "1"), "train mode", "model.eval()"),
        (("explain", "nets.py:small", "wide.npy", "--layer", "1"), "(1, 7)", "shape"),
        (("explain", "nets.py:small", "many.npy", "--layer", "1"), "holds 2 rows", "--row"),
        (("explain", "nets.py:small", "nan.npy", "--layer", "1"), "6 NaN", "clean"),
        (("explain", "nets.py:broken", "x.npy", "--layer", "1"), "'0.weight'", "intact weights"),
        ((*EXPLAIN, "--target", "3"), "target 3", "0 to 2"),
        ((*EXPLAIN, "--target", "cat"), "cat", "index"),
        ((*EXPLAIN, "--rule", "gelu=chord"), "'chord' for 'gelu'", "'tangent' or 'secant'"),
        (("explain", "nets.py:dead", "x.npy", "--layer", "1"), "no active unit", "earlier layer"),
        (("explain", "nets.py:picture", "square.npy", "--layer", "0"), "(1, 2, 3, 3)", "3 indices"),
        (("explain", "nets.py:small", "photo.png", "--layer", "1"), "photo.png", ".npy"),
        (("explain", "nets.py:small", "none.npy", "--layer", "1"), "none.npy", ""),
        (("explain", "nets.py:nothing", "x.npy", "--layer", "1"), "nothing", ""),
        (("explain", "nothing", "x.npy", "--layer", "1"), "'nothing'", "torchvision:"),
        ((*EXPLAIN, "--device", "cuda:99"), "cuda:99", ""),
        ((*EXPLAIN, "--device", "abacus"), "abacus", ""),
        ((*EXPLAIN, "--top", "0"), "--top 0", "at least 1"),
        ((*EXPLAIN, "--method", "magic"), "magic", "exact"),
        (("explain", "nets.py:small"), "INPUT", ""),
        (("evolve", "nets.py:small", "x.npy", "--layers", "0,11"), "no layer '11'", "closest: 1"),
        (("evolve", "nets.py:small", "x.npy", "--top", "0"), "n=0", "at least 1"),
        ((*EXPLAIN, "--out", "x.npy/deeper"), "x.npy/deeper", ""),
        (("layers", "nets.py:small"), "INPUT", ""),
        (("show", "x.npy"), "damaged or no safetensors file", ""),
        (("show", "missing.safetensors"), "missing.safetensors", ""),
        ((*SURGERY, "--drop", "9"), "component 9 does not exist", "0 to 5"),
        ((*SURGERY, "--keep", "0", "--drop", "1"), "one of keep", "scale"),
        ((*SURGERY, "--keep", "first"), "'first' is no component", "such as 0,2"),
        ((*SURGERY, "--factors", "0:2"), "--factors 0:2", "such as 0=2"),
        ((*SURGERY, "--points", "1"), "n=1", "2 points"),
    ],
)
def test_bad_input_gets_one_line_and_writes_nothing(
    folder: Path, arguments: tuple[str, ...], fault: str, remedy: str
) -> None:
    before = sorted(folder.rglob("*"))
    out = () if "--out" in arguments or arguments[0] == "layers" else ("--out", "bad")
    done = run(folder, *arguments, *out)
    message = done.stderr.splitlines()
    assert done.returncode == 2, done.stderr
    assert len(message) == 1, done.stderr
    assert message[0].startswith("specxai: ")
    assert fault.lower() in message[0].lower()
    assert remedy.lower() in message[0].lower()
    assert done.stdout == ""
    kept = [path for path in sorted(folder.rglob("*")) if "__pycache__" not in path.parts]
    assert kept == [path for path in before if "__pycache__" not in path.parts]


def test_surgery_writes_a_table_and_a_figure(folder: Path) -> None:
    done = run(folder, *SURGERY, "--factors", "0=-40")
    assert done.returncode == 0, done.stderr
    assert "output 1 " in done.stdout
    assert "borders of gates and pool choices behind the layer, at" in done.stdout
    assert "1 of 6 components changed" in done.stdout
    with Image.open(folder / "surgery" / "causal.png") as figure:
        assert figure.size[0] > 500


def test_surgery_in_numbers(folder: Path) -> None:
    whole = json.loads(run(folder, *SURGERY, "--json", "--out", "all").stdout)
    assert whole["before"] == whole["real"] == pytest.approx(whole["predicted"], rel=1e-5)
    assert (whole["scales"], whole["flips"], whole["reach"]) == ({}, [], None)
    arguments = (*SURGERY, "--keep", "", "--json", "--points", "3", "--out", "part")
    part = json.loads(run(folder, *arguments).stdout)
    assert part["scales"] == dict.fromkeys("012345", 0.0)
    for curve in part["curves"]:
        assert len(curve["counts"]) == 3
        assert curve["answers"][0] == pytest.approx(whole["before"], rel=1e-5)
        assert curve["answers"][-1] == pytest.approx(part["real"], rel=1e-5)


def test_a_missing_extra_is_named(folder: Path) -> None:
    code = (
        "import sys; sys.modules['torchvision'] = None; from specxai.cli import main; "
        "sys.argv = ['specxai', 'layers', 'torchvision:alexnet']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "specxai[vision]" in done.stderr


def test_help_does_not_import_torch() -> None:
    code = (
        "import sys; from specxai.cli import app; app(['--help'], exit_on_error=False, "
        "result_action='return_value'); sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "explain" in done.stdout


def test_importing_the_package_stays_light() -> None:
    code = (
        "import sys, specxai; from specxai import explain, linearize; "
        "heavy = {'matplotlib', 'torchvision', 'timm', 'cyclopts', 'rich'} & set(sys.modules); "
        "sys.exit(', '.join(heavy) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_readme_demo(folder: Path) -> None:
    arguments = ["explain", "demo:efficientnet-lite0", "demo:chelsea"]
    done = run(folder, *arguments, "--out", "cat", "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["class"] in {"Egyptian cat", "tiger cat", "tabby"}
    assert (summary["layer"], summary["units"]) == ("_swish#2", 62720)
    assert len(summary["answer"]["parts"]) <= 8
    assert sum(part["share"] for part in summary["answer"]["parts"]) > 0.85
    assert abs(summary["terms"]["residual"]) <= 1e-4 * abs(summary["terms"]["output"])
    assert summary["cut"]


def test_a_fault_that_nobody_foresaw_is_one_line_and_debug_shows_where(tmp_path):
    file = tmp_path / "net.py"
    file.write_text(
        "from torch import nn\n"
        "class Odd(nn.Module):\n"
        "    @property\n"
        "    def training(self): raise KeyError('what\\n is this')\n"
        "    @training.setter\n"
        "    def training(self, value): pass\n"
        "net = Odd\n"
    )
    np.save(tmp_path / "x.npy", np.ones((1, 3), np.float32))
    arguments = ["explain", "net.py:net", "x.npy", "--out", "out"]
    found = run(tmp_path, *arguments)
    assert found.returncode == 2
    assert found.stderr.startswith("specxai: ")
    assert found.stderr.count("\n") == 1
    assert "Traceback" not in found.stderr
    assert "Traceback" in run(tmp_path, *arguments, "--debug").stderr
