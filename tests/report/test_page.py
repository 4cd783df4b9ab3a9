from matplotlib.figure import Figure

from specxai.report.claim import Claim
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
