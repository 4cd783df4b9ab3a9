import copy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from specxai.cache import Cache
from specxai.compare import Method, all_methods, compare_methods, prepare
from specxai.errors import InvalidInputError
from specxai.plots import comparison_figure


def test_totals_passes_and_an_untouched_model(instance):
    before = copy.deepcopy(instance.model.state_dict())
    result = compare_methods(instance, all_methods(["4", "8"], fast=True))
    found = {each.method: each for each in result.attributions}
    assert found["gradient"].forward == found["gradient"].backward == 1
    assert found["SmoothGrad"].forward == found["SmoothGrad"].backward == 8
    assert found["integrated gradients"].backward == 16
    assert found["LIME"].forward == 100
    assert found["LIME"].backward == 0
    assert found["specxai top 3 at 8"].backward > 1
    assert found["gradient × input"].sum == pytest.approx(result.linear, rel=1e-4)
    assert found["integrated gradients"].expected == pytest.approx(result.change)
    found.pop("LRP by Zennit")  # an optional package
    assert all(each.map.shape == (16, 16) for each in found.values())
    for name, each in found.items():
        if name in ("DeepLIFT", "KernelSHAP") or name.startswith("specxai from the baseline, "):
            assert each.total in ("y − y₀", "Δ − Δ₀")
        if name == "DeepLIFT" or name.endswith((", total", ", averaged", ", contrast")):
            assert each.sum == pytest.approx(each.expected, rel=1e-3)
    for name, value in instance.model.state_dict().items():
        assert torch.equal(value, before[name])
    for module in instance.model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert not module._backward_hooks
    assert instance.model[1].inplace


def test_finished_methods_are_not_run_again(instance, tmp_path):
    runs = []

    def values(instance):
        runs.append(1)
        return instance.x

    method = Method("itself", values, "", "x")
    for _ in range(2):
        result = compare_methods(instance, [method], Cache(tmp_path))
        torch.testing.assert_close(result.attributions[0].map, instance.x[0].double().sum(0))
    assert len(runs) == 1
    with torch.no_grad():
        instance.model[0].weight.mul_(2)
    compare_methods(replace(instance), [method], Cache(tmp_path))
    assert len(runs) == 2


def test_what_cannot_be_compared(model):
    with pytest.raises(InvalidInputError, match="one image"):
        prepare(model, torch.randn(1, 7))


def test_the_figure_has_a_panel_for_each(instance):
    methods = all_methods(["4"], fast=True)
    result = compare_methods(instance, methods[:2])
    figure = comparison_figure(result, Image.new("RGB", (16, 16)), "title")
    titles = [axes.get_title(loc="left").partition("\n")[0] for axes in figure.axes]
    assert titles[:3] == ["input", "gradient", "gradient × input"]


@pytest.mark.slow
def test_the_command_compares_and_measures_and_goes_on(tmp_path):
    source = (
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
        "from classifier import build_plain as net\n"
    )
    (tmp_path / "nets.py").write_text(source)
    import numpy as np

    for folder in ("inputs", "masks"):
        (tmp_path / folder).mkdir()
    mask = np.zeros((16, 16), np.uint8)
    mask[4:9, 2:12] = 255
    for seed, name in enumerate(("a", "b")):
        noise = np.random.default_rng(seed).standard_normal((1, 3, 16, 16)).astype(np.float32)
        np.save(tmp_path / "inputs" / f"{name}.npy", noise)
        Image.fromarray(mask).save(tmp_path / "masks" / f"{name}.png")
    command = [sys.executable, "-m", "specxai", "compare", "nets.py:net", "--images", "inputs"]
    command += ["--masks", "masks", "--metrics", "--fast", "--quiet", "--out", "out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    report = (tmp_path / "out" / "report.md").read_text()
    assert "| gradient × input |" in report
    assert "deletion ↓" in report
    assert "a map that knows nothing | 0.20" in report  # the mask's share of the area
    assert "weights are random" not in report
    for name in ("comparison-a.png", "comparison-b.png", "metrics.png"):
        assert (tmp_path / "out" / name).exists()
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert again.stdout == done.stdout
    assert (tmp_path / "out" / "report.md").read_text() == report
