"""The bias ledger, drawn: a bar for each entry and one for the remainder."""

import torch
from torch import nn

from specxai import linearize
from specxai.plots import ledger_figure


def network(depth: int) -> nn.Module:
    torch.manual_seed(0)
    blocks = [nn.Sequential(nn.Linear(3, 3), nn.ReLU()) for _ in range(depth)]
    return nn.Sequential(*blocks).eval()


def test_bars_are_the_contributions_from_input_to_output() -> None:
    ledger = linearize(network(3), torch.ones(1, 3)).ledger(0)
    (axes,) = ledger_figure(ledger, "Ledger").axes
    widths = [bar.get_width() for bar in axes.patches]
    assert widths[:-1] == [float(entry.contribution) for entry in ledger.entries]
    assert widths[-1] == float(ledger.remainder)
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [*(str(entry.address) for entry in ledger.entries), "remainder"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the input is above
    assert f"b = {float(ledger.bias):+.4g}" in axes.get_title("left")


def test_all_outputs_have_norms() -> None:
    ledger = linearize(network(2), torch.ones(1, 3)).ledger()
    (axes,) = ledger_figure(ledger).axes
    assert axes.patches[0].get_width() == ledger.entries[0].size
    assert axes.get_xlabel() == "|β|"


def test_a_long_ledger_is_summed_over_modules() -> None:
    model = nn.Sequential(network(30), network(30)).eval()
    ledger = linearize(model, torch.ones(1, 3)).ledger(0)
    assert len(ledger.entries) > 48
    names = [label.get_text() for label in ledger_figure(ledger).axes[0].get_yticklabels()]
    assert names == ["0", "1", "remainder"]
