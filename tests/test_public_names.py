"""What ``import specxai`` shows."""

import subprocess
import sys

import specxai


def test_dir_shows_what_is_public_and_nothing_else() -> None:
    assert {name for name in dir(specxai) if not name.startswith("__")} == {*specxai.__all__}
    for name in specxai.__all__:
        assert getattr(specxai, name) is not None


def test_importing_is_light_and_draws_on_demand() -> None:
    program = """
import sys, specxai
assert not {"torch", "matplotlib", "numpy"} & {*sys.modules}
import torch
net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2)).eval()
ex = specxai.explain(net, torch.ones(1, 3), "1")
print(ex)
assert "matplotlib" not in sys.modules
ex.plot()
assert "matplotlib.pyplot" not in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
