"""``specxai layers``."""

from specxai.cli.app import app
from specxai.cli.network import NetworkOptions
from specxai.cli.options import Json, Model


@app.command
def layers(
    model: Model,
    input: str | None = None,
    /,
    *,
    network: NetworkOptions = NetworkOptions(),  # noqa: B008, it is frozen
    json: Json = False,
) -> None:
    """List the layers a network can be split at, with their active units on an input.

    Args:
        input: an image, .npy or .safetensors file, or demo:chelsea; seeded noise if not given and
            the model's input shape is known (which that of a .py model is not).
    """
    from dataclasses import asdict

    from specxai.affine import count_active_units
    from specxai.tables.network import layers_table
    from specxai.terminal.printing import print_json, print_tables

    opened = network.open(model, input)
    loaded, given, lin = opened.model, opened.given, opened.lin
    active = count_active_units(lin)
    if json:
        rows = [
            {**asdict(layer), "units": layer.unit_count, "active": active.get(layer.address)}
            for layer in lin.layers
        ]
        named = {"model": loaded.name, "input": given.name, "input_note": given.note}
        print_json(named, layers=rows)
    else:
        print_tables(layers_table(f"{loaded.name} on {given.name}", lin.layers, active))
