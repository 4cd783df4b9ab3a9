"""Finished steps of long work, kept so that interrupted work goes on where it stopped."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from specxai.files import write_atomically

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Cache:
    """A folder of finished steps, one safetensors file each.

    Attributes:
        folder: where they are; it exists.
    """

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> "Cache":
        """Return the cache in a folder, which is made if it does not exist."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder)

    def step(self, name: str, settings: dict[str, Any], compute: Callable[[], Tensors]) -> Tensors:
        """Return what a step found, from its file or by computing it.

        Args:
            name: of the step, and of its file without suffix.
            settings: all that the result depends on, as plain JSON; a file made with other
                settings is computed anew and replaced.
            compute: the step.

        Returns:
            Named tensors, on the CPU.
        """
        path = self.folder / f"{name.replace('/', '-')}.safetensors"
        wanted = json.dumps(settings, sort_keys=True)
        tensors = _read(path, wanted)
        if tensors is None:
            tensors = {key: value.detach().cpu().contiguous() for key, value in compute().items()}
            write_atomically(path, save(tensors, {"settings": wanted}))
        return tensors


def _read(path: Path, settings: str) -> Tensors | None:
    """Read a file made with these settings; None if there is none, or it is broken."""
    try:
        with safe_open(path, "pt") as file:
            if (file.metadata() or {}).get("settings") != settings:
                return None
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError):
        return None
