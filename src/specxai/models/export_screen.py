"""Refuse a serialized torch.export program that holds anything but plain data.

torch turns parts of the program into code: it evaluates symbolic shapes, looks operators up by
attribute, imports the enums in tree specs, and writes the names of nodes into Python source that
it executes. So every string must match the rule for its place; by default, a plain dotted name.
"""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

_PLAIN = re.compile(r"[\w.@+-]*")
_SYMBOL = r"[A-Za-z]\w*|Symbol\('\w+'(, \w+=(True|False))*\)"
_EXPRESSION = re.compile(rf"-?\d+|{_SYMBOL}")
_ATEN = re.compile(r"torch\.ops\.aten\.(?!__)(?P<operator>\w+)\.(?!_)\w+")
_ON_FILES = {"from_file", "save"}
_ON_SIZES = re.compile(
    r"_operator\.(getitem|add|sub|mul|floordiv|truediv|mod|neg|eq|ne|lt|le|gt|ge)"
)
_CONTAINERS = {
    None,
    "builtins.tuple",
    "builtins.list",
    "builtins.dict",
    "collections.OrderedDict",
}
# Nothing of the kind is needed to describe a network of tensors.
_EMPTY = {"as_custom_obj", "as_graph", "custom_obj", "custom_obj_values", "use_pickle"}

_PROGRAM = re.compile(
    # The layout of torch 2.7 and later, then that of torch 2.6.
    r"models/model\.json|data/(weights|constants)/model_(weights|constants)_config\.json|"
    r"serialized_exported_program\.json"
)
_DATA = re.compile(
    r"archive_format|archive_version|byteorder|\.format_version|\.storage_alignment|"
    r"\.data/(version|serialization_id)|"
    r"data/weights/weight_\d+|data/constants/tensor_\d+|"
    r"data/(weights|constants|sample_inputs)/model\.pt|"
    r"version|serialized_(state_dict|constants|example_inputs)\.pt"
)
_IGNORED = re.compile(r"extra/.*|extra_files/.*")


class UnsafeProgramError(Exception):
    """A serialized program holds something other than plain data."""


def screen(value: Any, key: str = "") -> Any:
    """Check part of a serialized program, and drop the notes about its source code.

    Args:
        value: Parsed JSON.
        key: The name under which the value stands.

    Returns:
        The same JSON, where the metadata of a node is only the path of its module.

    Raises:
        UnsafeProgramError: Some part is not plain data.
    """
    if key == "guards_code" and value:
        raise UnsafeProgramError("it holds guards, which are code; re-export with static shapes")
    if key in _EMPTY and value:
        raise UnsafeProgramError(f"it holds an object ({key}); re-export with tensors only")
    if isinstance(value, dict):
        kept = {"nn_module_stack"} if key == "metadata" else value.keys()
        return {_checked(k, ""): screen(v, k) for k, v in value.items() if k in kept}
    if isinstance(value, list):
        return [screen(item, key) for item in value]
    return _checked(value, key) if isinstance(value, str) else value


def _checked(text: str, key: str) -> str:
    if _RULES.get(key, _is_plain)(text):
        return text
    shown = repr(text if len(text) <= 60 else text[:59] + "…")
    remedy = "static shapes" if key == "expr_str" else "plain names and aten operators"
    entry = f"{key} {shown}" if key else shown
    raise UnsafeProgramError(f"{entry} is not plain data; re-export with {remedy}")


def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None


def _is_name(text: str) -> bool:
    return not text or text.isidentifier()


def _is_operator(text: str) -> bool:
    aten = _ATEN.fullmatch(text)
    if aten is not None:
        return aten["operator"] not in _ON_FILES
    return _ON_SIZES.fullmatch(text) is not None


def _is_expression(text: str) -> bool:
    return _EXPRESSION.fullmatch(text) is not None


def _is_payload(text: str) -> bool:
    return re.fullmatch(r"(weight|tensor)_\d+", text) is not None


def _is_module_stack(text: str) -> bool:
    return not any(character in "\"'\\" or not character.isprintable() for character in text)


def _is_tree(text: str) -> bool:
    try:
        protocol, tree = json.loads(text)
        return protocol == 1 and _is_node(tree)
    except (ValueError, TypeError, KeyError):
        return False


def _is_node(node: Any) -> bool:
    keys = json.loads(node["context"]) if node["context"] is not None else None
    return (
        node["type"] in _CONTAINERS
        and (keys is None or all(isinstance(key, str) and _is_plain(key) for key in keys))
        and all(_is_node(child) for child in node["children_spec"])
    )


def _is_anything(_: str) -> bool:
    return True


_RULES: dict[str, Callable[[str], bool]] = {
    "name": _is_name,
    "as_name": _is_name,
    "forward_arg_names": _is_name,
    "target": _is_operator,
    "as_operator": _is_operator,
    "expr_str": _is_expression,
    "in_spec": _is_tree,
    "out_spec": _is_tree,
    "nn_module_stack": _is_module_stack,
    "path_name": _is_payload,
    # Quoted wherever torch uses them.
    "as_string": _is_anything,
    "as_strings": _is_anything,
    "torch_version": _is_anything,
}


def screened_archive(file: Path) -> io.BytesIO:
    """Read an archive and write its screened members to a new one.

    Args:
        file: A .pt2 file.

    Returns:
        An archive in memory for torch.export.load; its pickles are still to be read as data only.

    Raises:
        UnsafeProgramError: A member is not one of a plain program, or is not plain data.
        Exception: The file is not a readable archive.
    """
    copy = io.BytesIO()
    with ZipFile(file) as source, ZipFile(copy, "w") as target:
        members = {name: source.read(name) for name in source.namelist()}
        # torch 2.7 and later put everything into one folder, torch 2.6 into none.
        root = "" if "version" in members else next(iter(members), "").split("/")[0] + "/"
        for name, content in members.items():
            inner = name.removeprefix(root)
            if _IGNORED.fullmatch(inner):
                continue
            target.writestr(name, _screened_member(inner, content))
    copy.seek(0)
    return copy


def _screened_member(name: str, content: bytes) -> bytes:
    if _PROGRAM.fullmatch(name):
        return json.dumps(screen(json.loads(content))).encode()
    if _DATA.fullmatch(name):
        return content
    raise UnsafeProgramError(f"it holds {name!r}; re-export a single program of tensors")
