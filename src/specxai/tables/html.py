"""The tables that a notebook shows of a result."""

from specxai.affine import Ledger, Region
from specxai.presentation import tabulates
from specxai.spectral import Decomposition, Reduction
from specxai.survey import Evolution, Similarity
from specxai.table import Table, cells
from specxai.tables.answer import tell
from specxai.tables.explanation import summarize
from specxai.tables.network import ledger_table, summarize_ledger
from specxai.tables.survey import evolution_table, similarity_table, summarize_evolution

# So many components of each ranking, and of what cancellation leaves, are listed.
_LEADING, _LEFT = 3, 8


@tabulates(Decomposition)
def explanation_html(explanation: Decomposition) -> str:
    """Write what an output rests on; of all outputs together the terms and leading components."""
    tables, _ = tell(explanation, summarize(explanation, _LEADING))
    return "".join(table.html() for table in tables)


@tabulates(Ledger)
def ledger_html(ledger: Ledger) -> str:
    """Write a bias ledger, largest entries first."""
    return ledger_table(summarize_ledger(ledger)).html()


@tabulates(Evolution)
def evolution_html(evolution: Evolution) -> str:
    """Write an evolution, one row for each layer."""
    return evolution_table(summarize_evolution(evolution)).html()


@tabulates(Similarity)
def similarity_html(similarity: Similarity) -> str:
    """Write the groups of a similarity."""
    return similarity_table(similarity).html()


@tabulates(Reduction)
def reduction_html(reduction: Reduction) -> str:
    """Write what cancellation leaves, largest magnitude first."""
    return reduction_table(reduction).html()


@tabulates(Region)
def region_html(region: Region) -> str:
    """Write how far a linear region reaches; costs a Jacobian-vector product for each row."""
    return region_table(region).html()


def reduction_table(reduction: Reduction, most: int = _LEFT) -> Table:
    """Lay out what cancellation leaves.

    Args:
        reduction: the contributions that are left.
        most: how many to list; the rest is one row.
    """
    numbers = reduction.indices.tolist(), reduction.values.tolist(), reduction.shares.tolist()
    left = list(zip(*numbers, strict=True))
    rows = [cells(str(k), f"{value:+.5f}", f"{share:.1%}") for k, value, share in left[:most]]
    if rest := left[most:]:
        _, values, shares = zip(*rest, strict=True)
        rows.append(cells(f"{len(rest):,} others", f"{sum(values):+.5f}", f"{sum(shares):.1%}"))
    rows.append(cells("sum", f"{float(reduction.values.sum()):+.5f}", ""))
    title = f"{len(left):,} components after {reduction.rounds:,} rounds of cancellation"
    return Table(("component k", "α̂", "share"), tuple(rows), title, totals=1)


def region_table(region: Region) -> Table:
    """Lay out how far the affine map holds from x along some directions, and its ties."""
    certificate = region.certificate()
    rows = [cells(name, f"{distance:.2g}") for name, distance in certificate.distances.items()]
    ties = (f"tie: {t.count:,} of {t.total:,} borders of {t.address}" for t in certificate.ties)
    return Table(
        ("direction", "distance to the first border"),
        tuple(rows),
        f"Linear region around x: {region.borders:,} borders, ‖x‖ = {certificate.norm:.4g}",
        tuple(ties),
    )
