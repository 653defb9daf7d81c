import itertools

import numpy as np
import pytest
from handmade import carrington
from hypothesis import given, settings
from hypothesis import strategies as st
from list_files import region_list, summary
from numpy.testing import assert_allclose

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable

from sunpy.coordinates import HeliographicCarrington

import sunpy_farside
from sunpy_farside.catalog import match_dates, stack_regions
from sunpy_farside.catalog.matching import match_positions
from sunpy_farside.coordinates.far_side import separations
from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io import read_noaa_summary, read_region_list
from sunpy_farside.simulation import simulate_maps

SUMMARY = summary(
    "2014-05-05",
    ["2047 S17W54   049", "2054 S12E65   290"],
    due=["2037 S10    264", "2034 N05    264"],
)
AR_LIST = region_list(
    "2022-05-05.0",
    128.0,
    3.8,
    [
        "FS-2022-025   142.6      -28.5       780      2022-05-10.7    5.7",
        "FS-2022-026    98.7       20.8      3675      2022-05-14.2    9.2",
    ],
)


def test_every_region_stands_in_one_row():
    match = sunpy_farside.match_regions(
        carrington([100, 20, 60], [19, 5, 0]), carrington([142.6, 98.7], [-28.5, 20.8])
    )
    assert match["outcome"].tolist() == ["matched", "missed", "extra", "extra"]
    assert match["detected"].tolist() == [0, -1, 1, 2]
    assert match["reference"].tolist() == [1, 0, -1, -1]
    assert_allclose(match["separation"][0].value, 2.17, atol=0.01)
    assert np.isnan(match["separation"][1:]).all()
    assert_allclose(match["centroid"].lon.deg, [100, 142.6, 20, 60])
    assert match.meta["matched"], match.meta["missed"] == (1, 1)


def test_pairs_are_one_to_one_across_the_seam():
    match = sunpy_farside.match_regions(carrington([359, 2], [0, 0]), carrington([1], [0]))
    assert match["outcome"].tolist() == ["matched", "extra"]
    assert match["detected"].tolist() == [1, 0]


def test_as_many_pairs_as_there_can_be():
    # The nearest pair would leave two regions alone.
    match = sunpy_farside.match_regions(carrington([10, 18], [0, 0]), carrington([16, 26], [0, 0]))
    assert match["reference"].tolist() == [0, 1]


def test_distance_is_a_limit():
    detected, reference = carrington([10], [0]), carrington([15], [0])
    for distance, outcome in ((5.001, ["matched"]), (4.999, ["missed", "extra"])):
        match = sunpy_farside.match_regions(detected, reference, distance=distance * u.deg)
        assert match["outcome"].tolist() == outcome


def test_reference_is_moved_to_the_date():
    # Ten days of differential rotation at 45 degrees take a region 13.2 degrees east.
    match = sunpy_farside.match_regions(
        carrington([100], [45], "2022-05-15"),
        carrington([113.2], [45], "2022-05-05"),
        distance=0.2 * u.deg,
    )
    assert match["outcome"].tolist() == ["matched"]


@pytest.mark.parametrize(("detected", "reference"), [(0, 0), (2, 0), (0, 2)])
def test_nothing_against_something(detected, reference):
    match = sunpy_farside.match_regions(
        carrington(np.arange(detected), np.arange(detected)),
        carrington(np.arange(reference), np.arange(reference)),
    )
    assert match["outcome"].tolist() == ["missed"] * reference + ["extra"] * detected


def test_names_and_strengths_come_along(tmp_path):
    path = tmp_path / "AR_LIST_2022.05.05_00_00_00.txt"
    path.write_text(AR_LIST)
    match = sunpy_farside.match_regions(carrington([100], [19]), read_region_list(path))
    assert match["designation"].tolist() == ["FS-2022-026", "FS-2022-025"]
    assert_allclose(match["reference_strength"].value, [3675, 780])
    assert np.isnan(match["detected_strength"]).all()


places = st.lists(st.tuples(st.integers(0, 359), st.integers(-60, 60)), max_size=5)


@given(places, places)
@settings(deadline=None, max_examples=60)
def test_pairing_equals_trying_everything(detected, reference):
    a, b = (np.reshape(np.array(x, dtype=float), (-1, 2)).T for x in (detected, reference))
    rows, columns, apart = match_positions(*a, *b, 30)
    assert len(set(rows)) == len(set(columns)) == len(rows)
    assert (apart <= 30).all()
    distance = separations(a[0][:, None], a[1][:, None], b[0], b[1])
    if len(detected) > len(reference):
        distance = distance.T
    best = (0, 0.0)
    for order in itertools.permutations(range(distance.shape[1]), distance.shape[0]):
        pairs = [d for d in distance[range(distance.shape[0]), order] if d <= 30]
        best = max(best, (len(pairs), -sum(pairs)))
    assert (len(rows), -apart.sum()) == pytest.approx(best, abs=1e-6)


def test_bad_input():
    there = carrington([1], [0])
    with pytest.raises(ValueError, match="positive distance"):
        sunpy_farside.match_regions(there, there, distance=0 * u.deg)
    with pytest.raises(ValueError, match="observation time"):
        sunpy_farside.match_regions(
            SkyCoord([1] * u.deg, [0] * u.deg, frame=HeliographicCarrington), there
        )
    with pytest.raises(TypeError, match="SkyCoord or a table"):
        sunpy_farside.match_regions([1, 2], there)
    with pytest.raises(ValueError, match="see stack_regions and read_region_list"):
        match_dates(QTable(), QTable())
    with pytest.raises(ValueError, match="several"):
        sunpy_farside.match_regions(
            SkyCoord(
                [1, 2] * u.deg,
                [0, 0] * u.deg,
                frame=HeliographicCarrington,
                obstime=["2022-05-05", "2022-05-06"],
                observer="earth",
            ),
            there,
        )


def test_dates_are_matched_one_by_one(tmp_path):
    path = tmp_path / "AR_LIST_2022.05.05_00_00_00.txt"
    path.write_text(AR_LIST)
    lists = read_region_list(path)
    maps = simulate_maps("2022-04-29T12:00", 13, seed=4).maps
    detected = stack_regions(
        sunpy_farside.detect_seismic_strength(sunpy_farside.find_sequences(maps))
    )
    match = match_dates(detected, lists)
    # The list belongs to the detection whose last map has its date.
    assert match.meta["dates"] == ["2022-05-02T12:00:00.000"]
    assert match.meta["matched"] + match.meta["missed"] == 2
    # The listed regions are moved to the date of the detection, in two and a half days.
    missed = match["outcome"] == "missed"
    assert missed.any()
    assert (match["centroid"].obstime[missed].isot == "2022-05-02T12:00:00.000").all()
    for row in match[missed]:
        listed = lists["centroid"][row["reference"]]
        moved = carrington_drift(listed.lat.deg) * 2.5
        assert_allclose(row["centroid"].lon.deg, listed.lon.deg - moved)
    on_date = detected["date"].isot == "2022-05-02T12:00:00.000"
    assert match.meta["matched"] + match.meta["extra"] == on_date.sum()
    rows = match["detected"][match["outcome"] == "extra"]
    assert_allclose(
        match["centroid"].lon.deg[match["outcome"] == "extra"],
        detected["centroid"].lon.deg[rows],
    )
    lists.meta["lists"][0]["date"] += 1 * u.year
    with pytest.raises(ValueError, match="last maps, found none"):
        match_dates(detected, lists)


def test_lists_belong_to_the_last_map_on_the_real_sun(real_data):
    """
    Compare strengths of the SAR method with JSOC's for the same five days.
    """
    folder = real_data / "jsoc/farside"
    paths = sorted((folder / "Phase_Maps/2022").glob("*.fits"))
    sequences = sunpy_farside.find_sequences([sunpy_farside.read_phase_map(p) for p in paths])
    detected = stack_regions(sunpy_farside.detect_seismic_strength(sequences))
    lists = read_region_list(sorted((folder / "AR_Lists/2022").glob("*.txt")))
    match = match_dates(detected, lists)
    assert match.meta["dates"] == ["2022-05-05T00:00:00.000", "2022-05-05T12:00:00.000"]
    assert match.meta["missed"] == 0
    pairs = match[match["outcome"] == "matched"]
    ratio = np.log((pairs["detected_strength"] / pairs["reference_strength"]).to_value(""))
    assert np.sqrt(np.mean(ratio**2)) < 0.35


def test_noaa_summary(tmp_path):
    path = tmp_path / "20140505SRS.txt"
    path.write_text(SUMMARY)
    table = read_noaa_summary(path)
    assert table["number"].tolist() == [12047, 12054, 12037, 12034]
    assert table["section"].tolist() == ["I", "I", "II", "II"]
    assert table.meta["date"] == "2014-05-05T00:00:00.000"
    assert_allclose(table["centroid"].lon.deg, [49, 290, 264, 264], atol=1)
    assert_allclose(table["centroid"].lat.deg, [-17, -12, -10, 5])
    assert_allclose(table["stonyhurst_longitude"].value, [54, -65, np.nan, np.nan])
    due = table[table["section"] == "II"]
    match = sunpy_farside.match_regions(carrington([264], [-9], "2014-05-05"), due)
    assert match["designation"].tolist() == ["12037", "12034"]


@pytest.mark.parametrize("content", ["", "<html></html>", SUMMARY[:200]])
def test_no_noaa_summary(tmp_path, content):
    path = tmp_path / "20140505SRS.txt"
    path.write_text(content)
    with pytest.raises(FileFormatError, match="summary"):
        read_noaa_summary(path)


def test_missing_noaa_summary(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_noaa_summary(tmp_path / "20140505SRS.txt")
