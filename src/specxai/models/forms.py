"""What to write for a model, said to someone who wrote something else."""

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from specxai.closest import closest
from specxai.errors import MissingExtraError
from specxai.models.builders import builders
from specxai.models.demo import demo_names
from specxai.models.from_timm import timm_names
from specxai.models.from_torchvision import torchvision_names

FORMS = (
    "torchvision:NAME, timm:NAME, demo:efficientnet-lite0|1|2, path/to/file.py:callable, file.pt2 "
    "or file.onnx"
)
_WEIGHTS = {".pt", ".pth", ".ckpt", ".safetensors", ".bin"}
_FOREIGN = {".h5", ".keras", ".tflite", ".pb", ".mlmodel", ".mlpackage", ".engine"}
_CALLED = re.compile(r"(?P<path>[^:]+\.py):(?P<rest>.*)")
_DOTTED = re.compile(r"(?P<module>\w+(\.\w+)+):(?P<attribute>\w+)")
# Those that take long to import come last.
_COLLECTIONS = {"demo": demo_names, "torchvision": torchvision_names, "timm": timm_names}
_SHOWN = 4


def what_to_write(spec: str) -> str:
    """Say what is wrong with the name of a model that has no known form, and what to write.

    Args:
        spec: what was given.

    Returns:
        The end of a message, in one line.
    """
    path, suffix = Path(spec), Path(spec).suffix.lower()
    if spec and path.is_dir():
        return _of_folder(path)
    if suffix == ".py":
        return f"does not say what in it makes the network: {_of_python(path)}"
    if called := _CALLED.fullmatch(spec):
        return f"has no plain name behind its colon: {_of_python(Path(called['path']))}"
    if suffix in _WEIGHTS:
        return (
            "holds weights: name what makes the network too, "
            f"path/to/file.py:callable --weights {spec}"
        )
    if suffix in _FOREIGN:
        return "is of another library: export it to ONNX and give the .onnx file"
    if dotted := _DOTTED.fullmatch(spec):
        file = dotted["module"].replace(".", "/")
        return f"is not of a known form: for a Python module give {file}.py:{dotted['attribute']}"
    near = _near(spec)
    hint = f"did you mean {' or '.join(near)}? Else " if near else ""
    return f"is not of a known form: {hint}give {FORMS}"


def _of_python(file: Path) -> str:
    """Say which names of a Python file may be meant."""
    if not file.is_file():
        return f"write {file}:callable, and check the path: there is no such file"
    names = builders(file)
    if not names:
        return f"write {file}:callable for one that returns an nn.Module; it seems to have none"
    return f"write {_listed([f'{file}:{name}' for name in names])}"


def _of_folder(folder: Path) -> str:
    """Say which files of a folder may be meant."""
    if (folder / "config.json").is_file():
        return (
            "is a folder: write a .py file whose callable returns from_pretrained(folder).eval(), "
            "and give path/to/file.py:callable"
        )
    shown: list[str] = []
    for file in sorted(folder.iterdir()):
        if file.suffix in {".pt2", ".onnx"}:
            shown.append(str(file))
        elif file.suffix == ".py":
            shown += [f"{file}:{name}" for name in builders(file)]
    return f"is a folder: give {_listed(shown) if shown else FORMS}"


def _near(spec: str) -> list[str]:
    """Return the networks of known collections that are called so, or else nearly so."""
    name, known = spec.rpartition(":")[2], dict[str, str]()
    for prefix, names in _COLLECTIONS.items():
        with suppress(MissingExtraError):
            for each in names():
                known.setdefault(each, f"{prefix}:{each}")
        if name in known:
            return [known[name]]
    return [known[each] for each in closest(name, known, 2)]


def _listed(names: Sequence[str]) -> str:
    more = f" or one of {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{' or '.join(names[:_SHOWN])}{more}"
