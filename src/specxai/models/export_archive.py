"""Copy a torch.export archive, member by member, so that torch reads only what was screened."""

import io
import json
import re
from pathlib import Path
from zipfile import ZipFile

from specxai.models.export_screen import UnsafeProgramError, screen

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
