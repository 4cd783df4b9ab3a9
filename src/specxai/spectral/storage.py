"""Writing an explanation to a safetensors file."""

import json
from os import PathLike
from pathlib import Path

import safetensors
import torch
from safetensors.torch import save as to_bytes

import specxai
from specxai.files import write_atomically
from specxai.spectral.decomposition import Decomposition, Indices

SCHEMA = 1


def save(explanation: Decomposition, path: str | PathLike[str], vectors: Indices) -> None:
    """Write an explanation's numbers, and some of its singular vectors, to a file.

    The file holds the terms of the output, σ, ψ, c, α and the clusters, the input, and for the
    chosen components their indices and right vectors. The header's entry ``specxai`` is JSON with
    the schema, versions, layer, target, method and exactness. No half-written file is ever seen.

    Args:
        explanation: the result to write.
        path: the file; an existing one is replaced.
        vectors: components whose right singular vectors are kept.

    Raises:
        SpecxaiError: the file cannot be written.
    """
    tensors = {
        name: getattr(explanation, name).detach().cpu().contiguous()
        for name in (
            "output", "linear", "bias", "bypass", "unresolved", "residual", "singular_values",
            "psi", "coefficients", "contributions", "residuals", "clusters", "x",
        )
    }  # fmt: skip
    kept = torch.as_tensor(vectors, dtype=torch.int64)
    if len(kept):
        tensors["vector_indices"] = kept
        tensors["right_vectors"] = explanation.right_vectors(kept).cpu().contiguous()
    content = to_bytes(tensors, {"specxai": json.dumps(_header(explanation), sort_keys=True)})
    write_atomically(Path(path), content)


def _header(explanation: Decomposition) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "versions": {
            "specxai": specxai.__version__,
            "torch": torch.__version__,
            "safetensors": safetensors.__version__,
        },
        "model": explanation.model,
        "layer": explanation.layer,
        "target": explanation.target,
        "method": explanation.method,
        "note": explanation.note,
        "exactness": explanation.exactness,
        "precision": explanation.precision,
        "conventions": {str(site.address): site.convention for site in explanation.conventional},
        "cut": explanation.cut,
        "rank": explanation.rank,
        "units": explanation.units,
        "active_units": explanation.active_units,
        "dtype": str(explanation.x.dtype).removeprefix("torch."),
    }
