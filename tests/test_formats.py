"""
Formats of tables, packed files and checkpoints that this package cannot read.
"""

import gzip

import numpy as np
import pytest
import torch
from reference_unet import random_network

import astropy.units as u
from astropy.table import QTable
from astropy.time import Time

from sunpy_farside.catalog.sources import MapDigests
from sunpy_farside.detection.flux import flux_text
from sunpy_farside.detection.methods import method_of
from sunpy_farside.errors import FileFormatError, NewerFormatError, WeightsError
from sunpy_farside.evaluation.simulated_lists import measure_image
from sunpy_farside.io.table_files import check_format, complete_table
from sunpy_farside.network import load_model
from sunpy_farside.utils.content import read_content, user_path


@pytest.mark.parametrize("found", [None, "2", 1.5, True, 0, -1])
def test_versions_of_formats_are_whole_numbers(found):
    with pytest.raises(FileFormatError, match=r"t\.ecsv: expected the version of a format, found"):
        check_format("t.ecsv", found, 2)


def test_later_versions_of_formats():
    check_format("t.ecsv", 1, 2)
    check_format("t.ecsv", 2, 2)
    with pytest.raises(NewerFormatError, match=r"format 3 of a later release\. Update"):
        check_format("t.ecsv", 3, 2)


TABLE = QTable({"date": Time(["2022-05-05"]), "area": [1] * u.deg**2, "number": [3]})


def test_a_column_that_an_earlier_release_lacked_is_missing():
    table = complete_table(TABLE["date",], TABLE, "t.ecsv")
    assert np.isnan(table["area"]).all()
    assert table["area"].unit == u.deg**2
    assert table["number"].tolist() == [0]


def test_a_table_needs_its_dates():
    with pytest.raises(FileFormatError, match=r"t\.ecsv: expected a column date, found area"):
        complete_table(TABLE["area", "number"], TABLE, "t.ecsv")


def test_a_column_in_another_unit():
    table = TABLE.copy()
    table["area"] = [2e-4] * u.sr
    converted = complete_table(table, TABLE, "t.ecsv")["area"]
    assert converted.unit == u.deg**2
    assert converted.value == pytest.approx([0.6565], abs=1e-4)
    table["area"] = [2] * u.Mx
    with pytest.raises(FileFormatError, match=r"expected area in deg2, found Mx"):
        complete_table(table, TABLE, "t.ecsv")


def test_a_table_ranked_by_something_else():
    with pytest.raises(ValueError, match="Expected a table ranked by one of"):
        method_of(QTable(meta={"strength": "size"}))


def test_an_unknown_flux_has_no_text():
    assert flux_text(np.nan, np.nan, np.nan) == ""


@pytest.mark.parametrize("damage", [lambda packed: packed[:-20], lambda packed: packed[:30] * 2])
def test_packed_files_that_do_not_unpack(tmp_path, damage):
    path = tmp_path / "list.txt.gz"
    packed = gzip.compress(np.random.default_rng(1).bytes(500))
    path.write_bytes(packed)
    assert len(read_content(path, 1000, "a list")) == 500
    path.write_bytes(damage(packed))
    with pytest.raises(FileFormatError, match=r"list\.txt\.gz: expected a list, .* not unpack"):
        read_content(path, 1000, "a list")


def test_the_home_of_an_unknown_user_stays_as_it_is():
    assert str(user_path("~no_such_user/maps")) == "~no_such_user/maps"


def test_checkpoints_that_differ_from_their_checksums(tmp_path):
    path = tmp_path / "published.pth"
    torch.save({"state_dict": random_network().state_dict()}, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"published\.pth: .*found a damaged archive"):
        load_model(path)
    # The directory at the end of the archive, which names all that is in it.
    content[-200:-100] = bytes(100)
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"published\.pth: expected a PyTorch checkpoint"):
        load_model(path)


def test_files_that_are_gone_have_no_digest(tmp_path):
    digests = MapDigests(tmp_path / "digests.json", tmp_path)
    (tmp_path / "map.fits").write_text("a map")
    assert digests.by_name([tmp_path / "gone.fits"]) == {"gone.fits": "unreadable"}
    assert digests.by_name([tmp_path / "map.fits"])["map.fits"] != "unreadable"


def test_an_image_without_a_strong_pixel_has_no_region():
    assert measure_image(np.zeros((144, 120)), 1, 200.5, -60) == []
