"""The columns of a table beside the names that a model's file gives its inputs."""

import pytest
from torch import nn

from specxai.cli.network import NetworkOptions
from specxai.errors import InvalidInputError
from specxai.models import LoadedModel

MODEL = LoadedModel("net.py:net", nn.Linear(3, 1).eval(), features=("span", "chord", "load"))


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("span,load,chord", "its columns stand in another order; FEATURES of net.py:net are span"),
        ("span,chord,mass", "'mass' is no input of net.py:net; 'load' is missing"),
    ],
)
def test_other_columns_are_refused(tmp_path, header, fault):
    file = tmp_path / "rows.csv"
    file.write_text(f"{header}\n1,2,3\n")
    with pytest.raises(InvalidInputError, match=fault):
        NetworkOptions().open_input(MODEL, str(file))


def test_the_same_columns_are_taken(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("span,chord,load\n1,2,3\n")
    assert NetworkOptions().open_input(MODEL, str(file)).given.names == MODEL.features
