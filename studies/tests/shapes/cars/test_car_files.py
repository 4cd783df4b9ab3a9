import numpy as np
import pytest

from specxai.errors import SpecxaiError
from specxai_studies.shapes.cars import openfoam
from specxai_studies.shapes.cars.case import Case, write_case
from specxai_studies.shapes.cars.openfoam import (
    count_cells,
    read_drag,
    read_points,
    run,
    write_points,
    write_stl,
)

DRAG = """# Force coefficients
# dragDir : (1 0 0)
# Time Cd Cs Cl
1 0.5 0.0 -0.1
2 0.25 0.0 -0.2
"""


def test_points_come_back_as_they_were_written(tmp_path):
    points = np.random.default_rng(0).normal(size=(50, 3))
    write_points(tmp_path / "points", points)
    assert np.allclose(read_points(tmp_path / "points"), points, rtol=1e-8, atol=0)


def test_a_list_that_was_cut_off_is_refused(tmp_path):
    path = tmp_path / "points"
    write_points(path, np.zeros((5, 3)))
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-2]) + ")\n")
    with pytest.raises(SpecxaiError, match="says 5 points and holds 4"):
        read_points(path)
    path.write_text("binary")
    with pytest.raises(SpecxaiError, match="no list of points"):
        read_points(path)


def test_a_surface_has_one_facet_a_triangle(tmp_path):
    points = np.array([[0.0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 1]])
    write_stl(tmp_path / "body.stl", points, np.array([[0, 1, 2], [0, 2, 3]]))
    lines = (tmp_path / "body.stl").read_text().splitlines()
    facets = [line.split()[2:] for line in lines if line.startswith("facet")]
    assert facets == [["0", "0", "1"], ["1", "0", "0"]]
    corners = [list(map(float, line.split()[1:])) for line in lines if line.startswith("vertex")]
    assert corners == points[[0, 1, 2, 0, 2, 3]].tolist()


def test_drag_is_read_by_the_name_of_its_column(tmp_path):
    place = tmp_path / "postProcessing" / "coefficients" / "0"
    place.mkdir(parents=True)
    (place / "coefficient.dat").write_text(DRAG)
    assert read_drag(tmp_path).tolist() == [0.5, 0.25]
    with pytest.raises(SpecxaiError, match="no coefficients"):
        read_drag(tmp_path / "elsewhere")


def test_cells_are_counted_from_the_header(tmp_path):
    mesh = tmp_path / "constant" / "polyMesh"
    mesh.mkdir(parents=True)
    (mesh / "owner").write_text('FoamFile\n{\n note "nPoints:9 nCells:1234 nFaces:7";\n}\n')
    assert count_cells(tmp_path) == 1234
    (mesh / "owner").write_text("FoamFile {}")
    with pytest.raises(SpecxaiError, match="how many cells"):
        count_cells(tmp_path)


def test_a_missing_solver_is_named_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(openfoam, "_HOME", tmp_path)
    with pytest.raises(SpecxaiError, match="install Debian's package openfoam"):
        run("simpleFoam", tmp_path, "log")


def test_a_case_is_written_with_its_numbers(tmp_path):
    write_case(tmp_path, Case(cell=1.0, iterations=50, speed=40.0, k=0.1, omega=25.0, area=2.0))
    files = {
        str(path.relative_to(tmp_path)): path for path in tmp_path.rglob("*") if path.is_file()
    }
    assert len(files) == 13
    assert not any("%" in path.read_text() for path in files.values())
    assert "(34 8 8)" in files["system/blockMeshDict"].read_text()
    assert "endTime 50;" in files["system/controlDict"].read_text()
    assert "Aref 1;" in files["system/controlDict"].read_text()  # of half the body
    assert "uniform (40 0 0)" in files["0/U"].read_text()
    assert "uniform 0.004;" in files["0/nut"].read_text()  # k / omega


def test_the_ground_moves_with_the_wind_or_rests(tmp_path):
    write_case(tmp_path / "moving", Case())
    write_case(tmp_path / "fixed", Case(ground="fixed"))

    def ground(folder):
        lines = (folder / "0" / "U").read_text().splitlines()
        return next(line for line in lines if line.strip().startswith("ground"))

    assert "fixedValue; value uniform (30.0 0 0)" in ground(tmp_path / "moving")
    assert "noSlip" in ground(tmp_path / "fixed")


def test_a_scaled_case_has_as_many_cells_in_a_smaller_box(tmp_path):
    write_case(tmp_path, Case(cell=1.0, scale=0.5))
    text = (tmp_path / "system" / "blockMeshDict").read_text()
    assert "(34 8 8)" in text
    assert "(-5 0 0) (12 0 0) (12 4 0)" in text
