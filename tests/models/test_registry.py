import subprocess
import sys

import pytest

from specxai.errors import LoadError
from specxai.models import load_model


@pytest.mark.parametrize("spec", ["", "alexnet", "keras:alexnet", "net.tflite", "net.py", "net.pt"])
def test_an_unknown_form_lists_the_known_ones(spec):
    with pytest.raises(LoadError, match=r"torchvision:NAME.*file\.pt2") as caught:
        load_model(spec)
    assert "\n" not in str(caught.value)


def test_importing_the_package_is_light():
    heavy = ["torchvision", "timm", "skimage", "matplotlib"]
    code = f"import sys, specxai.models; assert not set({heavy}) & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
