import pytest

from specxai.compare import compare_methods
from specxai.tables.comparison import comparison_table, summarize_comparison
from specxai.typed_json import plain
from subjects import METHODS

PRODUCT, _, NEVER = METHODS


def test_the_table_says_what_is_promised_and_why_a_method_refuses(instance):
    result = compare_methods(instance, [PRODUCT, NEVER])
    table = comparison_table(result, "title")
    kept, refused = ([cell.text for cell in row] for row in table.rows)
    assert kept[:3] == ["product", f"{result.linear:.4g}", f"u·x = {result.linear:.4g}"]
    assert refused[:3] == ["never", "refused", f"y = {result.output:.4g}"]
    assert table.title == "title"
    assert table.notes == (f"never: {result.attributions[1].refusal}",)


def test_in_numbers_what_is_not_promised_is_null(instance):
    result = compare_methods(instance, [PRODUCT, NEVER])
    about = {method.name: method.about for method in METHODS}
    kept, refused = plain(summarize_comparison(result, about))["methods"]
    assert kept["about"] == PRODUCT.about
    assert kept["sum"] == pytest.approx(result.linear, rel=1e-4)
    assert refused["sum"] is None
    assert refused["refusal"]
