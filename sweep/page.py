"""docs/architectures.md: the sweep's table, and that of the networks the tests explain."""

import re
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sweep.findings import REFUSED, RIGHT, UNFINISHED, WRONG, Findings

PAGE = Path(__file__).parents[1] / "docs" / "architectures.md"
SWEEP = "Every family"
TESTS = "Networks the tests explain"
_LIBRARIES = (
    "torch",
    "torchvision",
    "timm",
    "transformers",
    "torch_geometric",
    "monai",
    "segmentation-models-pytorch",
)
_EXPLANATION = """\
Written by `make sweep`: the smallest member of every family, with random weights, at a small
image, in float64. Errors are relative, each the largest of its kind:

- **sum**: y − (u·x + b), with u·x by the vector-Jacobian and b by the Jacobian-vector product;
- **ledger**: b − Σβ;
- **adjoint**: ⟨u v, w⟩ − ⟨v, uᵀ w⟩, of u and of R and L at each cut;
- **difference**: u v beside central differences of the untouched network, where nothing is frozen;
- **batch**: products taken together and rows, beside single products, of u, R and L;
- **cut**: L (R x) − u x, and what follows from R's z beside y, at so many layers.

**Wrong** is an error beyond rounding, or an exception that names no remedy; **refused** is an error
that does; **unfinished** is what took too much time or memory."""
_COLUMNS = {
    "sum": ("additivity",),
    "ledger": ("ledger",),
    "adjoint": ("adjointness", "cut adjointness"),
    "difference": ("difference",),
    "batch": ("batch", "cut batch"),
    "cut": ("cut product",),
}


def write_page(found: Sequence[Findings]) -> None:
    """Write the sweep's section of the page."""
    body = [_summary(found), "", _EXPLANATION, "", *_table(found), "", *_reasons(found)]
    replace_section(PAGE, SWEEP, "\n".join(body).rstrip())


def replace_section(page: Path, heading: str, body: str) -> None:
    """Replace what stands under a heading of the second level, to the next of them.

    Args:
        page: a file of markdown; the section is added at the end if it has none.
        heading: the text of the heading.
        body: what is to stand under it.
    """
    text = page.read_text(encoding="utf-8")
    section = f"## {heading}\n\n{body}\n"
    pattern = re.compile(rf"^## {re.escape(heading)}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    if pattern.search(text):
        text = pattern.sub(lambda old: section + ("\n" if old.end() < len(text) else ""), text)
    else:
        text = f"{text.rstrip()}\n\n{section}"
    page.write_text(text, encoding="utf-8")


def _summary(found: Sequence[Findings]) -> str:
    verdicts = Counter(each.verdict for each in found)
    counts = ", ".join(f"{verdicts[name]} {name}" for name in (RIGHT, REFUSED, WRONG, UNFINISHED))
    share = 100 * verdicts[REFUSED] / max(len(found), 1)
    return (
        f"{len(found)} networks: {counts}; {share:.1f} refused in each hundred.\n"
        f"{', '.join(filter(None, map(_version, _LIBRARIES)))}."
    )


def _version(library: str) -> str:
    try:
        return f"{library} {version(library).partition('+')[0]}"
    except PackageNotFoundError:
        return ""


def _table(found: Sequence[Findings]) -> list[str]:
    return [
        f"| network | verdict | calls | exactness | {' | '.join(_COLUMNS)} | cuts |",
        "|---|---|--:|---|" + "--:|" * (len(_COLUMNS) + 1),
        *map(_row, found),
    ]


def _row(each: Findings) -> str:
    errors = [_worst(each, measures) for measures in _COLUMNS.values()]
    cells = [each.name, each.verdict, str(each.sites), each.exactness, *errors, str(each.layers)]
    return f"| {' | '.join(cells)} |"


def _worst(each: Findings, measures: tuple[str, ...]) -> str:
    errors = [each.errors[name] for name in measures if name in each.errors]
    return f"{max(errors):.0e}" if errors else "–"


def _reasons(found: Sequence[Findings]) -> list[str]:
    """Say why for all that is not right, and what is to be known of the rest."""
    lines = []
    for each in found:
        beyond = [
            f"{name} {each.errors[name]:.0e} {each.worst_layers[name]}" for name in each.excessive
        ]
        said = [*beyond, *each.faults[:1], *each.refusals[:1], each.unfinished, each.note]
        if reasons := [reason.strip() for reason in said if reason]:
            lines.append(f"- {each.name}: {'; '.join(reasons)}")
    return ["Of these:", "", *lines] if lines else []
