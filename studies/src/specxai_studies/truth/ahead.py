"""The best of ours against the best of the others, measure by measure, in pairs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from specxai.compare import Evaluation, Interval, Measure
from specxai.compare.metrics import SUM_ERROR
from specxai.table import Table, cells
from specxai.tables.metrics import interval_text

_OURS = "specxai"
# In this order: where others are better comes first.
_VERDICTS = ("others ahead", "cannot be told", "ours ahead")


@dataclass(frozen=True)
class Duel:
    """Two methods on one measure.

    Attributes:
        network: on which.
        measure: of what.
        ours: name of the best of ours.
        other: name of the best of the others.
        means: of the two.
        lead: by how much ours is better, in pairs; negative where the other is.
    """

    network: str
    measure: Measure
    ours: str
    other: str
    means: tuple[Interval, Interval]
    lead: Interval | None

    @property
    def verdict(self) -> str:
        """Who is ahead: undecided where the interval holds zero, or there is none."""
        if self.lead is None or not (self.lead.low > 0 or self.lead.high < 0):
            return _VERDICTS[1]
        return _VERDICTS[2] if self.lead.mean > 0 else _VERDICTS[0]


def duels(evaluation: Evaluation, network: str) -> list[Duel]:
    """Set the best of ours against the best of the others on each measure with a better side.

    The error of the sum is left out: methods promise different sums, and rounding would decide.
    """
    found = []
    for measure in evaluation.measures:
        best = [_best(evaluation, measure, side) for side in (_is_ours, _is_other)]
        if not measure.better or measure is SUM_ERROR or None in best:
            continue
        ours, other = (name or "" for name in best)
        means = tuple(evaluation.means[name][measure.label] for name in (ours, other))
        lead = evaluation.lead(measure, ours, other)
        found.append(Duel(network, measure, ours, other, (means[0], means[1]), lead))
    return found


def ahead_table(given: Iterable[Duel]) -> Table:
    """Lay out who is ahead, where others are better first."""
    rows = sorted(given, key=lambda duel: _VERDICTS.index(duel.verdict))
    return Table(
        ("network", "measure", "best of ours", "", "best of the others", "", "ours better by", ""),
        tuple(
            cells(
                duel.network,
                duel.measure.label,
                duel.ours.removeprefix(f"{_OURS} "),
                f"{duel.means[0].mean:.3g}",
                duel.other,
                f"{duel.means[1].mean:.3g}",
                interval_text(duel.lead, duel.lead.count if duel.lead else 0),
                duel.verdict,
            )
            for duel in rows
        ),
        "Who is ahead",
        (
            "Differences in pairs, image by image or mosaic by mosaic, with 95 % bootstrap "
            "intervals; the best of each side was chosen by the same means, which favours the side "
            "with more methods.",
        ),
        words=(0, 1, 2, 4, 7),
    )


def _best(evaluation: Evaluation, measure: Measure, side: Callable[[str], bool]) -> str | None:
    merits = {
        name: measure.merit(means[measure.label].mean)
        for name, means in evaluation.means.items()
        if side(name) and measure.label in means
    }
    return max(merits, key=lambda name: merits[name]) if merits else None


def _is_ours(method: str) -> bool:
    return method.startswith(_OURS)


def _is_other(method: str) -> bool:
    return not _is_ours(method)
