"""
Folders of simulated maps, each of one realization.
"""

import pytest

from astropy.io import fits
from astropy.table import QTable

from sunpy_farside.cli import main
from sunpy_farside.errors import FarsideError, NewerFormatError
from sunpy_farside.simulation import simulate_maps
from sunpy_farside.simulation.simulation_files import write_simulation

DATE = "2022-05-05"


def sun(seed, number=2, start=DATE):
    return simulate_maps(start, number, seed=seed)


def write(folder, simulated):
    write_simulation(simulated.maps, folder, simulated.regions(DATE))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(sun(2), id="another seed"),
        pytest.param(sun(1, 3), id="another number"),
        pytest.param(sun(1, start="2023-05-05"), id="other dates"),
        pytest.param(simulate_maps(DATE, 2, seed=1, activity=1), id="more active"),
    ],
)
def test_another_sun_is_refused(tmp_path, other):
    write(tmp_path, sun(1))
    before = contents(tmp_path)
    with pytest.raises(FarsideError, match=r"found PHASE_MAP.* and 2 more files of another"):
        write(tmp_path, other)
    assert contents(tmp_path) == before


def test_the_same_sun_is_replaced(tmp_path):
    write(tmp_path, sun(1))
    before = contents(tmp_path)
    first = next(tmp_path.glob("*.fits"))
    first.unlink()
    write(tmp_path, sun(1))
    assert contents(tmp_path) == before


def test_stamps_tie_the_files_together(tmp_path):
    write(tmp_path, sun(1))
    stamps = {fits.getheader(path)["FSSIM"] for path in tmp_path.glob("*.fits")}
    truth = QTable.read(tmp_path / "truth.ecsv")
    assert stamps == {truth.meta["stamp"]}
    assert truth.meta["format"] == 1


@pytest.mark.parametrize("what", ["without a stamp", "damaged", "truth alone"])
def test_what_is_not_of_this_sun_is_refused(tmp_path, what):
    if what == "truth alone":
        write(tmp_path, sun(2))
        for path in tmp_path.glob("*.fits"):
            path.unlink()
    else:
        path = tmp_path / "PHASE_MAP_2010.05.05_00_00_00.fits"
        sun(2).maps[0].save(path)
        if what == "damaged":
            path.write_bytes(b"SIMPLE")
    with pytest.raises(FarsideError, match="Choose another folder"):
        write(tmp_path, sun(1))


def test_a_damaged_truth_is_made_again(tmp_path):
    write(tmp_path, sun(1))
    before = contents(tmp_path)
    (tmp_path / "truth.ecsv").write_text("cut short")
    write(tmp_path, sun(1))
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["truth.ecsv", "PHASE_MAP_2022.05.05_00_00_00.fits"])
def test_a_newer_format_is_refused(tmp_path, name):
    write(tmp_path, sun(1))
    path = tmp_path / name
    if name.endswith("ecsv"):
        path.write_text(path.read_text().replace("{format: 1", "{format: 2"))
        path.write_text(path.read_text().replace("# - format: 1", "# - format: 2"))
        path.write_text(path.read_text().replace("#   format: 1", "#   format: 2"))
    else:
        fits.setval(path, "FSSIMFMT", value=2)
    with pytest.raises(NewerFormatError, match=r"found format 2 .* Update sunpy_farside"):
        write(tmp_path, sun(1))


def test_command(tmp_path, capsys):
    command = ["simulate", DATE, "2", "--output", str(tmp_path / "maps"), "--seed"]
    assert main([*command, "1"]) == 0
    assert main([*command, "2"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("sunpy-farside: ")
    assert error.count("\n") == 1
    assert "Choose another folder" in error
    assert main([*command, "1"]) == 0
