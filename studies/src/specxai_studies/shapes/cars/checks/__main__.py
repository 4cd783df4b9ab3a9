"""Run checks of the coarse-RANS drag and print their tables in Markdown.

    python -m specxai_studies.shapes.cars.checks meshes noise ahmed --out cars-checks

takes about half an hour; templates that are in the folder already are not solved again.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from cyclopts import App

from specxai.table import Table, cells
from specxai_studies.shapes.cars.checks.ahmed import PUBLISHED, slant_series
from specxai_studies.shapes.cars.checks.convergence import agreement, mesh_levels
from specxai_studies.shapes.cars.checks.noise import SWEEP, sweeps

app = App(help="Check the coarse-RANS drag.")

Check = Literal["meshes", "labels", "noise", "ahmed"]


@app.default
def main(*checks: Check, out: Path = Path("cars-checks")) -> None:
    """Run checks.

    Args:
        checks: meshes (the nominal car on four), labels (of the first cars, on the coarsest mesh
            too), noise (of a sweep), ahmed (the slant series); all if none is given.
        out: folder to work in.
    """
    tables = {"meshes": _meshes, "labels": _labels, "noise": _noise, "ahmed": _ahmed}
    for name in checks or tables:
        print(tables[name](out), end="\n\n", flush=True)


def _meshes(folder: Path) -> str:
    levels = [
        (f"{each.cell / 16 * 1000:.0f}", f"{each.cells:,}", f"{each.drag_area:.4f}")
        for each in mesh_levels(folder)
    ]
    return _table(("cells at the body (mm)", "cells", "drag area (m²)"), levels)


def _labels(folder: Path) -> str:
    agreed = agreement(folder)
    row = (
        str(agreed.count),
        f"{agreed.pearson:.4f}",
        f"{agreed.spearman:.4f}",
        f"{agreed.ratio:.3f}",
    )
    return _table(("cars", "Pearson", "Spearman", "ratio of means"), [row])


def _noise(folder: Path) -> str:
    rows = [
        (each.how, *(f"{area:.4f}" for area in each.drag_areas), f"{100 * each.noise:.2f} %")
        for each in sweeps(folder)
    ]
    return _table(("deck height", *(f"{value:.2f}" for value in SWEEP), "noise"), rows)


def _ahmed(folder: Path) -> str:
    rows = [
        (
            f"{each.angle:g}°",
            f"{each.cells:,}",
            f"{each.drag:.3f}",
            f"{PUBLISHED[each.angle]:.3f}" if each.angle in PUBLISHED else "",
        )
        for each in slant_series(folder)
    ]
    return _table(("slant", "cells", "c_d here", "c_d published"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    every = tuple(range(len(head)))
    return Table(tuple(head), tuple(cells(*row) for row in rows), words=every).markdown()


if __name__ == "__main__":
    app()
