import pytest
from matplotlib.figure import Figure

from specxai.errors import InvalidInputError
from specxai.report.claim import Claim, Evidence, side_by_side
from specxai.report.page import Section, write_report


def test_a_report_counts_its_claims_and_shows_its_figures(tmp_path):
    claims = (
        Claim("c falls", "2.3", "25 and 5", "31 | 6", True),
        Claim("the first vector is a disc", "2.3", "yes", "no", False),
    )
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([0, 1])
    sections = [Section("Figure 8", "Spectra.", {"figure-8": figure}, claims), Section("Last")]
    path = write_report(tmp_path, "Squares", "Made by a command.", sections)
    text = path.read_text()
    assert "2 claims: 1 × does not hold, 1 × holds." in text
    assert "![figure 8](figure-8.png)" in text
    assert "| c falls | 2.3 | 25 and 5 | 31 \\| 6 | **holds** |" in text
    assert text.index("## Figure 8") < text.index("**does not hold**") < text.index("## Last")
    assert (tmp_path / "figure-8.png").read_bytes().startswith(b"\x89PNG")


def test_two_maps_are_told_side_by_side_the_failures_first(tmp_path):
    said = [Claim(f"s{k}", "2.1", "yes", f"at x {k}", k in (1, 3)) for k in range(4)]
    other = [Claim(f"s{k}", "2.1", "yes", f"from x0 {k}", k in (2, 3)) for k in range(4)]
    claims = (Claim("trained", "2.2", "well", "R² .98", True), *side_by_side(said, other))
    text = write_report(tmp_path, "T", "O.", [Section("S", claims=claims)]).read_text()
    assert "5 claims: 2 × does not hold, 3 × holds." in text
    assert "4 of them were tested too: 2 × does not hold, 2 × holds." in text
    found = [text.index(f"  - s{k}\n") for k in range(4)]
    assert found == sorted(found)
    assert "| s1 | 2.1 | yes | at x 1 | **holds** | from x0 1 | **does not hold** |" in text
    assert "| trained | 2.2 | well | R² .98 | **holds** | – |  |" in text


def test_claims_that_are_not_judged_keep_their_numbers():
    (claim,) = side_by_side([Claim("s", "2", "", "a", True)], [Claim("s", "2", "", "b", False)])
    bare = claim.unjudged()
    assert (bare.here, bare.holds) == ("a", None)
    assert bare.from_baseline == Evidence("b", None)


def test_different_statements_are_not_put_side_by_side():
    with pytest.raises(InvalidInputError, match="same statements"):
        side_by_side([Claim("a", "2", "", "", True)], [Claim("b", "2", "", "", True)])
