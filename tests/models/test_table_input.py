"""Rows of tables: which one, their names, their mean and deviations; and what is refused."""

import pickle
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from specxai.errors import LoadError
from specxai.models import LoadedModel, load_input
from specxai.models.seen import load_baseline
from specxai.models.table_input import load_scale, mean_row, read_table

NET = LoadedModel("net", nn.Linear(3, 1))
ROWS = [[1.0, 20.0, 7.5], [3.0, 60.0, 7.5], [8.0, 10.0, 7.5]]
TEXT = "pressure,speed, angle\n1,20,7.5\n\n3.0,6e1,7.5\n8,10 ,7.5\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text(TEXT)
    return path


def written(folder: Path, text: str, name: str = "rows.csv") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


@pytest.mark.parametrize("row", [0, 1, 2])
def test_a_row_of_a_table_is_an_input_with_names(table: Path, row: int) -> None:
    found = load_input(str(table), NET, row=row)
    assert found.tensor.equal(torch.tensor([ROWS[row]]))
    assert found.tensor.dtype == torch.float32
    assert found.names == ("pressure", "speed", "angle")
    assert found.rows.tolist() == ROWS
    assert found.name == f"rows.csv row {row}"
    assert found.note == ""


def test_the_only_row_needs_no_number(tmp_path: Path) -> None:
    found = load_input(written(tmp_path, "\ufeffa,b\n1,2\n"), NET)
    assert found.tensor.tolist() == [[1, 2]]
    assert found.names == ("a", "b")
    assert found.name == "rows.csv"


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3),
        min_size=1,
        max_size=5,
    )
)
def test_numbers_are_read_as_they_were_written(rows: list[list[float]]) -> None:
    path = Path(mkdtemp()) / "rows.csv"
    path.write_text("a,b,c\n" + "\n".join(",".join(map(repr, row)) for row in rows))
    assert np.array_equal(read_table(path).rows, np.array(rows))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a,b\n1,low\n", r"line 2: 'b' is 'low', no number: leave out columns of text"),
        ("a,b\n1,2\n3,\n", r"line 3: 'b' is empty: fill it in"),
        ("a,b\n1,nan\n", r"line 2: 'b' is 'nan', not finite"),
        ("a,b\n1,-inf\n", r"line 2: 'b' is '-inf', not finite"),
        ("a,b\n1,2\n\n1,2,3\n", r"line 4: 3 cells under 2 names"),
        ("a,b\n1\n", r"line 2: 1 cells under 2 names"),
        ("1,2\n3,4\n", r"begins with numbers: give it a first line of the inputs' names"),
        (",a\n0,1\n", r"column 0 has no name \(an index\?"),
        ("a,a\n0,1\n", r"two columns 'a'"),
        ("a;b\n0;1\n", r"separate the cells by commas"),
        ("a,b\n", r"no rows"),
        ("", r"no rows"),
        ('a,b\n1,"2\n', r"cannot be read"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(LoadError, match=fault) as caught:
        load_input(written(tmp_path, text), NET, row=0)
    assert "\n" not in str(caught.value)
    assert "rows.csv" in str(caught.value)


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes("größe\n1\n".encode("latin-1"))
    with pytest.raises(LoadError, match="cannot be read"):
        load_input(str(tmp_path / "rows.csv"), NET)


@pytest.mark.parametrize("row", [3, -1, 99])
def test_a_row_that_is_not_there_is_refused(table: Path, row: int) -> None:
    with pytest.raises(LoadError, match=rf"--row {row} .* counted from 0, choose 0 to 2"):
        load_input(str(table), NET, row=row)


def test_of_several_rows_one_is_chosen(table: Path) -> None:
    with pytest.raises(LoadError, match="holds 3 rows: of INPUT choose one by --row, from 0 to 2"):
        load_input(str(table), NET)


def test_the_network_s_width_is_told(table: Path) -> None:
    wide = LoadedModel("net", nn.Linear(4, 1), input_shape=(4,))
    with pytest.raises(LoadError, match=r"3 columns, but net takes \(1, 4\)"):
        load_input(str(table), wide, row=0)


def test_rows_of_an_array(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.array(ROWS))
    found = load_input(str(tmp_path / "rows.npy"), NET, row=1)
    assert found.tensor.tolist() == [ROWS[1]]
    assert found.names == ()
    assert found.rows.tolist() == ROWS
    assert found.name == "rows.npy row 1"
    with pytest.raises(LoadError, match="holds 3 rows"):
        load_input(str(tmp_path / "rows.npy"), NET)
    with pytest.raises(LoadError, match="counted from 0, choose 0 to 2"):
        load_input(str(tmp_path / "rows.npy"), NET, row=3)


def test_pictures_in_an_array_are_rows_and_one_alone_is_none(tmp_path: Path) -> None:
    several = np.random.default_rng(0).random((4, 1, 2, 2), np.float32)
    np.save(tmp_path / "four.npy", several)
    np.save(tmp_path / "one.npy", several[:1])
    np.save(tmp_path / "bare.npy", several[0])
    model = LoadedModel("net", nn.Conv2d(1, 1, 1), input_shape=(1, 2, 2))
    found = load_input(str(tmp_path / "four.npy"), model, row=2)
    assert found.tensor.equal(torch.tensor(several[2:3]))
    assert load_input(str(tmp_path / "one.npy"), model).rows is None
    assert load_input(str(tmp_path / "bare.npy"), model).tensor.shape == (1, 1, 2, 2)
    with pytest.raises(LoadError, match=r"--row 0: .* shape \(1, 2, 2\), and no rows"):
        load_input(str(tmp_path / "bare.npy"), model, row=0)


def test_several_arguments_have_no_rows(tmp_path: Path) -> None:
    class Pair(nn.Module):
        def forward(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
            return x + z

    save_file({"x": torch.ones(2, 3), "z": torch.ones(2, 3)}, tmp_path / "pair.safetensors")
    with pytest.raises(LoadError, match="several arguments of one input"):
        load_input(str(tmp_path / "pair.safetensors"), LoadedModel("pair", Pair()), wrt="x", row=0)


def test_a_row_of_a_picture_is_refused() -> None:
    with pytest.raises(LoadError, match="--row 0 needs an input"):
        load_input("demo:chelsea", NET, row=0)


def test_mean_and_deviation_are_those_of_all_rows(table: Path) -> None:
    found = load_input(str(table), NET, row=1)
    (mean, spread), note = load_scale("deviation", found)
    assert torch.allclose(mean, torch.tensor([[4.0, 30.0, 7.5]]).double())
    assert np.allclose(spread[0], [*np.std(ROWS, 0)[:2], 1.0])
    assert note == "angle: the same in all rows, scale 1"
    assert mean_row(found).equal(mean)
    assert load_baseline("mean", NET) == "mean"


def test_rows_of_nearly_equal_large_values_keep_their_deviation(tmp_path: Path) -> None:
    text = written(tmp_path, "a,b\n100000.001,0.1\n100000.002,0.1\n100000.003,0.1\n")
    (_, spread), note = load_scale("deviation", load_input(text, NET, row=0))
    assert float(spread[0, 0]) == pytest.approx(np.std([1e-3, 2e-3, 3e-3]), rel=1e-6)
    assert float(spread[0, 1]) == 1
    assert note.startswith("b:")


def test_a_deviation_needs_rows(tmp_path: Path) -> None:
    alone = load_input(written(tmp_path, "a,b\n1,2\n"), NET)
    with pytest.raises(LoadError, match="needs an INPUT with several rows"):
        load_scale("deviation", alone)


def test_scales_from_files(table: Path, tmp_path: Path) -> None:
    found = load_input(str(table), NET, row=0)
    np.save(tmp_path / "s.npy", np.array([1.0, 2.0, 3.0]))
    save_file({"scale": torch.ones(3), "mean": torch.zeros(3)}, tmp_path / "s.safetensors")
    csv = written(tmp_path, "pressure,speed,angle\n1,2,3\n", "s.csv")
    assert load_scale(str(tmp_path / "s.npy"), found)[0].tolist() == [1, 2, 3]
    assert load_scale(csv, found)[0].tolist() == [[1, 2, 3]]
    mean, scale = load_scale(str(tmp_path / "s.safetensors"), found)[0]
    assert (mean.tolist(), scale.tolist()) == ([0] * 3, [1] * 3)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("scaler.pkl", "a pickle may run code"),
        ("missing.npy", "does not exist"),
        ("0=2", "not of a known form: write deviation"),
        ("odd.safetensors", "holds factor: name them scale and mean"),
        ("other.csv", "has 'speed' where the input has 'pressure'"),
        ("few.csv", "has '2 columns' where the input has 3"),
        ("rows.csv", "holds 3 rows"),
    ],
)
def test_scales_that_are_none(table: Path, tmp_path: Path, name: str, fault: str) -> None:
    found = load_input(str(table), NET, row=0)
    (tmp_path / "scaler.pkl").write_bytes(pickle.dumps([1.0]))
    save_file({"factor": torch.ones(3)}, tmp_path / "odd.safetensors")
    written(tmp_path, "speed,pressure,angle\n1,2,3\n", "other.csv")
    written(tmp_path, "pressure,speed\n1,2\n", "few.csv")
    with pytest.raises(LoadError, match=fault):
        load_scale(name if name == "0=2" else str(tmp_path / name), found)


def test_a_reference_case_has_the_columns_of_the_input(table: Path, tmp_path: Path) -> None:
    names = load_input(str(table), NET, row=0).names
    case = written(tmp_path, "pressure,speed,angle\n5,6,7\n", "case.csv")
    assert load_baseline(case, NET, names=names).tolist() == [[5, 6, 7]]
    other = written(tmp_path, "pressure,angle,speed\n5,6,7\n", "case.csv")
    with pytest.raises(LoadError, match="has 'angle' where the input has 'speed'"):
        load_baseline(other, NET, names=names)
    with pytest.raises(LoadError, match="holds 3 rows"):
        load_baseline(str(table), NET, names=names)
