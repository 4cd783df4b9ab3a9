import torch

from specxai.cache import Cache


def test_a_step_is_computed_once_for_its_settings(tmp_path):
    calls = []

    def compute():
        calls.append(1)
        return {"found": torch.full((2,), float(len(calls)))}

    cache = Cache(tmp_path)
    for settings, expected in (({"seed": 0}, 1), ({"seed": 0}, 1), ({"seed": 1}, 2)):
        found = cache.step("train", settings, compute)
        assert found["found"].tolist() == [expected] * 2
    (tmp_path / "train.safetensors").write_bytes(b"broken")
    assert cache.step("train", {"seed": 1}, compute)["found"].tolist() == [3, 3]
