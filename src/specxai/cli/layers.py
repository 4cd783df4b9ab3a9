"""``specxai layers``."""

import json as json_format

from specxai.cli.app import app
from specxai.cli.options import (
    Background,
    Device,
    Json,
    Model,
    Rule,
    Weights,
    Wrt,
)
from specxai.cli.reading import linearized, read_input


@app.command
def layers(
    model: Model,
    input: str | None = None,
    /,
    *,
    rule: Rule = "tangent",
    background: Background = None,
    wrt: Wrt = None,
    weights: Weights = "default",
    device: Device = "cpu",
    json: Json = False,
) -> None:
    """List the layers a network can be split at, with their active units on an input.

    Args:
        input: an image, .npy or .safetensors file, or demo:chelsea; seeded noise if not given and
            the model's input shape is known (which that of a .py model is not).
    """
    from dataclasses import asdict

    from specxai.affine import count_active_units
    from specxai.models import example_input, load_model
    from specxai.terminal.tables import layers_table, print_wide

    loaded = load_model(model, weights)
    given = example_input(loaded) if input is None else read_input(input, loaded, background, wrt)
    lin = linearized(loaded, given, device, rule)
    active = count_active_units(lin)
    if json:
        rows = [
            {**asdict(layer), "units": layer.units, "active": active.get(layer.address)}
            for layer in lin.layers
        ]
        named = {"model": loaded.name, "input": given.name, "input_note": given.note}
        print(json_format.dumps({**named, "layers": rows}))
    else:
        print_wide(layers_table(f"{loaded.name} on {given.name}", lin.layers, active))
