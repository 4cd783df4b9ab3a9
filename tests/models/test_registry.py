import subprocess
import sys


def test_importing_the_package_is_light():
    heavy = ["torchvision", "timm", "skimage", "matplotlib"]
    code = f"import sys, specxai.models; assert not set({heavy}) & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
