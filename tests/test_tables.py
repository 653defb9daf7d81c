"""
Plain tables, read without this package.
"""

import json
import subprocess
import sys

import pytest
from numpy.testing import assert_allclose, assert_array_equal

import astropy.units as u
from astropy.io.votable import parse_single_table
from astropy.table import Table

import sunpy_farside
from sunpy_farside.catalog import stack_regions
from sunpy_farside.detection.columns import COLUMNS
from sunpy_farside.simulation import simulate_maps
from sunpy_farside.utils.tables import plain_table, write_plain

ENDS = ("vot", "fits", "csv", "ecsv")


@pytest.fixture(scope="module")
def tables(maps):
    detections = sunpy_farside.detect_seismic_strength(sunpy_farside.find_sequences(maps))
    stack = stack_regions(detections)
    tracks = sunpy_farside.track_regions(stack)
    return {
        "regions": detections[0].regions,
        "stack": stack,
        "empty": stack[:0],
        "tracks": tracks.tracks,
        "members": tracks.members,
        "truth": simulate_maps("2022-05-01", 1, seed=1).regions("2022-05-01"),
    }


# Run without importing this package or sunpy.
READ = """
import json, pathlib, sys, warnings
warnings.simplefilter("error")
from astropy.table import Table
found = {}
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    table = Table.read(path)
    found[path.name] = {
        name: {
            "unit": str(table[name].unit or ""),
            "first": str(table[name][0]) if len(table) else None,
            "length": len(table),
        }
        for name in table.colnames
    }
assert not [name for name in sys.modules if name.partition(".")[0] in ("sunpy", "sunpy_farside")]
print(json.dumps(found))
"""


def test_plain_astropy_reads_all_tables_in_all_formats(tables, tmp_path):
    for name, table in tables.items():
        for end in ENDS:
            write_plain(table, tmp_path / f"{name}.{end}")
    result = subprocess.run(
        [sys.executable, "-I", "-c", READ, tmp_path], capture_output=True, check=True
    )
    found = json.loads(result.stdout)
    assert len(found) == len(tables) * len(ENDS)
    for name, table in tables.items():
        plain = plain_table(table)
        for end in ENDS:
            columns = found[f"{name}.{end}"]
            assert list(columns) == plain.colnames
            for column in plain.colnames:
                assert columns[column]["length"] == len(table)
                if end != "csv":
                    assert u.Unit(columns[column]["unit"]) == (plain[column].unit or ""), column
    for end in ENDS:
        first = found[f"stack.{end}"]
        assert float(first["longitude"]["first"]) == tables["stack"]["centroid"][0].lon.deg
        assert first["date"]["first"] == tables["stack"]["date"][0].isot


def test_written_by_astropy_itself(tables, tmp_path):
    for end, form in zip(ENDS, ("votable", "fits", "csv", "ascii.ecsv"), strict=True):
        plain_table(tables["tracks"]).write(tmp_path / f"x.{end}", format=form)
        back = Table.read(tmp_path / f"x.{end}", format=form)
        assert_allclose(back["mean_longitude"], tables["tracks"]["mean_position"].lon.deg)


def test_positions_and_times(tables):
    stack, plain = tables["stack"], plain_table(tables["stack"])
    names = [name for name in COLUMNS if name != "centroid"]
    assert set(plain.colnames) == {"date", "longitude", "latitude", *names}
    assert plain["longitude"].unit == u.deg
    assert_array_equal(plain["latitude"], stack["centroid"].lat.deg)
    assert "Carrington longitude" in plain["longitude"].description
    assert_array_equal(plain["date"], stack["date"].isot)
    tracks = plain_table(tables["tracks"])
    assert {"mean_longitude", "latest_latitude", "mean_position_date"} <= set(tracks.colnames)
    # The latest position belongs to a date that is a column already.
    assert "latest_position_date" not in tracks.colnames
    date = tables["regions"]["centroid"].obstime.isot
    assert f"centroid_date: {date}" in plain_table(tables["regions"]).meta["comments"]


def test_votable_says_what_the_columns_are(tables, tmp_path):
    write_plain(tables["stack"], tmp_path / "stack.vot")
    table = parse_single_table(tmp_path / "stack.vot")
    fields = {field.name: field for field in table.fields}
    assert fields["longitude"].ucd == "pos.bodyrc.lon"
    assert fields["latitude"].ucd == "pos.bodyrc.lat"
    assert (fields["date"].ucd, fields["date"].xtype) == ("time.epoch", "timestamp")
    text = (tmp_path / "stack.vot").read_text()
    assert f'<TIMESYS ID="{fields["date"].ref}"' in text
    assert 'timescale="UTC"' in text
