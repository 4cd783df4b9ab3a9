from html.parser import HTMLParser

from specxai.table import Cell, Table, cells

TABLE = Table(
    ("name", "|x|", "why"),
    (cells("a|b", Cell("1", strong=True), "<b>"), cells("Σ", "1", Cell("", strong=True))),
    title="Some *numbers*",
    notes=("* a < b", "two\nlines"),
    words=(0, 2),
    totals=1,
)


class Reader(HTMLParser):
    """Keeps what is told, and in which element."""

    def __init__(self):
        super().__init__()
        self.opened, self.told = [], []

    def handle_starttag(self, tag, attrs):
        self.opened.append(tag)

    def handle_endtag(self, tag):
        assert self.opened.pop() == tag

    def handle_data(self, data):
        self.told.append((self.opened[-1], data))


def test_markdown_reads_as_the_text_that_was_given():
    assert TABLE.markdown().splitlines() == [
        r"**Some \*numbers\***",
        "",
        r"| name | \|x\| | why |",
        "| --- | ---: | --- |",
        r"| a\|b | **1** | \<b> |",
        "| Σ | 1 |  |",
        "",
        r"- \* a \< b",
        "- two lines",
    ]


def test_html_is_well_formed_and_escaped():
    reader = Reader()
    reader.feed(TABLE.html())
    assert reader.opened == []
    assert [text for tag, text in reader.told if tag == "th"] == ["name", "|x|", "why"]
    assert [text for tag, text in reader.told if tag == "td"] == ["a|b", "<b>", "Σ", "1"]
    assert ("strong", "1") in reader.told
    assert ("caption", "Some *numbers*") in reader.told
    assert ("p", "* a < b") in reader.told
    assert TABLE.html().index("<tfoot>") < TABLE.html().index("Σ")


def test_a_table_of_words_alone_has_no_title_and_no_notes():
    bare = Table(("a",), (cells("b"),))
    assert bare.markdown() == "| a |\n| --- |\n| b |"
    assert "caption" not in bare.html()
    assert "<p>" not in bare.html()
