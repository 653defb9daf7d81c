"""
Maps of the series hmi.td_fsi_12h: their reader, their map source and their sequences.
"""

import gzip
import json
import shutil

import numpy as np
import pytest
from commands import run
from time_distance_files import SHAPE, raw_phases, raw_positions, write_raw, write_sequence

import astropy.units as u
from astropy.io import fits
from astropy.time import Time

from sunpy.map import Map
from sunpy.map.sources import HMIMap, HMISynopticMap
from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside import (
    FarsideDetection,
    FarsidePhaseMap,
    FarsideSequence,
    detect_farside,
    detect_seismic_strength,
    find_sequences,
    read_phase_map,
)
from sunpy_farside.catalog import read_catalog, watch_folder
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io import read_time_distance_map
from sunpy_farside.io.folders import find_phase_maps

# Every detection in these maps warns of their false detections (tests/test_caveats.py).
pytestmark = pytest.mark.filterwarnings("ignore:The rate of false detections in time-distance")

DATE = Time("2023-05-04T12:00", scale="tai")


@pytest.fixture
def path(tmp_path):
    return write_raw(tmp_path, DATE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """
    Twelve maps with one strong region: two sequences.
    """
    folder = tmp_path_factory.mktemp("time_distance")
    write_sequence(folder, [(20, 15, 0.1)], number=12)
    return folder


READERS = [read_time_distance_map, read_phase_map, Map]


@pytest.mark.parametrize("read", READERS)
def test_every_way_of_opening_gives_the_same_map(path, read):
    phase_map = read(path)
    assert type(phase_map) is FarsidePhaseMap
    assert phase_map.product == "time_distance"
    assert phase_map.unit == u.rad
    assert phase_map.date.isot == "2023-05-04T11:59:23.000"
    assert phase_map.reference_date == phase_map.date
    assert phase_map.observer_coordinate.lon.deg == pytest.approx(0, abs=1e-9)
    assert np.array_equal(phase_map.data, raw_phases(DATE, 1))
    assert phase_map.wcs.wcs.compare(read_time_distance_map(path).wcs.wcs)


@pytest.mark.parametrize("date", ["2023-05-04T12:00", "2023-05-14", "2023-05-21", "2024-01-01"])
def test_coordinates_are_those_of_the_grid_across_the_boundary(tmp_path, date):
    phase_map = read_time_distance_map(write_raw(tmp_path, date))
    columns, rows = np.meshgrid(np.arange(SHAPE[1]), np.arange(SHAPE[0]))
    point = phase_map.pixel_to_world(columns * u.pix, rows * u.pix)
    longitude, latitude = raw_positions(Time(date, scale="tai"))
    apart = (point.lon.deg - longitude + 180) % 360 - 180
    assert np.abs(apart).max() < 1e-3
    assert np.abs(point.lat.deg - latitude[:, np.newaxis]).max() < 1e-6
    x, y = phase_map.world_to_pixel(point)
    assert np.allclose([x.value, y.value], [columns, rows], atol=1e-6)


def test_history_lists_the_corrected_cards_with_their_former_values(path):
    history = read_time_distance_map(path).meta["history"].splitlines()
    assert history[0] == "new Farside image imported"
    for line in (
        "BUNIT = m/s replaced by rad",
        "CUNIT2 = sine(deg) replaced by deg",
        "CTYPE1 = CRLN_CEA replaced by CRLN-CEA",
        "PV2_1 = 1.03369999 replaced by 1.0",
        "DATE-OBS = 2023-05-03T23:59:23.000 replaced by 2023-05-04T11:59:23.000",
        "INSTRUME = HMI_FRONT2 removed",
    ):
        assert line in history


def test_other_cards_stay_and_sums_over_the_former_ones_go(path):
    meta = read_time_distance_map(path).meta
    assert meta["t_rec"] == "2023.05.04_12:00:00.000_TAI"
    assert meta["exptime"] == 111600
    assert "headsum" not in meta


@pytest.mark.parametrize("read", READERS)
def test_saved_map_opens_as_the_same(path, tmp_path, read):
    phase_map = read_time_distance_map(path)
    phase_map.save(tmp_path / "saved.fits")
    again = read(tmp_path / "saved.fits")
    assert type(again) is FarsidePhaseMap
    assert again.date == phase_map.date
    assert again.product == "time_distance"
    assert again.wcs.wcs.compare(phase_map.wcs.wcs)
    assert again.meta["history"] == phase_map.meta["history"]
    assert np.array_equal(again.data, phase_map.data)


def test_sunpy_opens_other_files_of_hmi_with_its_own_sources(tmp_path):
    cards = {"CTYPE1": "HPLN-TAN", "CTYPE2": "HPLT-TAN", "CUNIT1": "arcsec", "CUNIT2": "arcsec"}
    cards |= {"INSTRUME": "HMI_FRONT2", "TELESCOP": "SDO/HMI", "CDELT1": 1.0, "CDELT2": 1.0}
    cards |= {"DATE-OBS": "2023-05-04T12:00:00", "CONTENT": "DOPPLERGRAM"}
    assert type(Map(np.ones((4, 4)), fits.Header(cards))) is HMIMap
    cards["CONTENT"] = "Carrington Synoptic Chart"
    assert type(Map(np.ones((4, 4)), fits.Header(cards))) is HMISynopticMap


def test_packed_files_are_read(path, tmp_path):
    packed = tmp_path / f"{path.name}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_time_distance_map(packed).date == read_time_distance_map(path).date
    data, header = fits.getdata(path), fits.getheader(path)
    tiles = fits.CompImageHDU(data, header, compression_type="GZIP_2", quantize_level=0)
    fits.HDUList([fits.PrimaryHDU(), tiles]).writeto(tmp_path / "tiles.fits")
    assert np.array_equal(read_time_distance_map(tmp_path / "tiles.fits").data, data)


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ({"T_REC": None}, "a date in T_REC .* found none"),
        ({"T_REC": "2023.05.04"}, "a date in T_REC"),
        ({"T_REC": "2023.05.44_12:00:00.000_TAI"}, "a date in T_REC"),
        ({"T_REC": "2023.05.05_12:00:00.000_TAI"}, "CRLN0 = 163.9 at T_REC"),
        ({"BUNIT": "s"}, "phases in radian, .* found BUNIT = 's'"),
        ({"BUNIT": None}, "phases in radian, .* found BUNIT = 'none'"),
        ({"BUNIT": "deg"}, "phases in radian, .* found BUNIT = 'deg'"),
        ({"CTYPE1": "HPLN_CEA"}, "CTYPE1 = 'CRLN_CEA', found 'HPLN_CEA'"),
        ({"CTYPE2": None}, "CTYPE2 = 'CRLT_CEA', found 'none'"),
        ({"CRLN0": None}, "a number in CRLN0, found none"),
        ({"CRLN0": "here"}, "a number in CRLN0, found 'here'"),
        ({"CRLN0": 357.1}, "CRLN0 = 177.1 at T_REC"),
        ({"CRPIX1": 112.5}, "CRPIX1 that puts pixel 112.5 at CRLN0"),
        ({"CRPIX1": 1e30}, "CRPIX1 that puts pixel 112.5 at CRLN0"),
        ({"CRPIX2": 60.0}, "CRPIX2 = 61, found 60"),
        ({"CRVAL1": 40.0}, "CRVAL1 = 0, found 40"),
        ({"CDELT1": -0.8}, "CDELT1 = 0.8, found -0.8"),
        ({"CDELT2": 0.827}, "CDELT2 = 0.014434, found 0.827"),
        ({"CDELT2": True}, "a number in CDELT2, found True"),
        ({"CROTA2": 180.0}, "CROTA2 = 0, found 180"),
        ({"QUALITY": -(2**31)}, "QUALITY = 0x80000000, which means none"),
        ({"QUALITY": 2**31 + 5}, "QUALITY = 0x80000005, which means none"),
        ({"QUALITY": "good"}, "a number in QUALITY, found 'good'"),
        ({"QUALITY": 0.5}, "a whole number in QUALITY, found 0.5"),
    ],
)
def test_cards_that_are_wrong_in_another_way_are_refused_in_one_line(tmp_path, cards, message):
    path = write_raw(tmp_path, DATE, **cards)
    for read in READERS:
        with pytest.raises(FileFormatError, match=message) as caught:
            read(path)
        assert "\n" not in str(caught.value)
        assert (str(path) in str(caught.value)) == (read is not Map)


@pytest.mark.parametrize("card", ["CRLN0", "CRPIX2"])
def test_cards_beyond_numbers_are_refused(path, card):
    content = path.read_bytes()
    place = content.index(f"{card:8}=".encode())
    content = (
        content[:place] + f"{card:8}= {'1E999':>20}".ljust(80).encode() + content[place + 80 :]
    )
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=f"{card}"):
        read_time_distance_map(path)


def test_quality_that_is_not_best_is_a_warning(tmp_path):
    path = write_raw(tmp_path, DATE, QUALITY=4)
    with pytest.warns(SunpyUserWarning, match=r"QUALITY is 0x4.*2023\.05\.04_12:00"):
        read_time_distance_map(path)


def _truncated(path):
    path.write_bytes(path.read_bytes()[:50_000])


def _page(path):
    path.write_text("<html></html>")


def _rewritten(change):
    def write(path):
        header = fits.getheader(path)
        fits.PrimaryHDU(change(fits.getdata(path)), header).writeto(path, overwrite=True)

    return write


def _hole(data):
    data = data.copy()
    data[40:60] = 0
    return data


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_truncated, "does not read"),
        (_page, "does not read"),
        (_rewritten(lambda data: data[:, :-1]), "121 x 225 pixels, found 121 x 224"),
        (_rewritten(lambda data: data.T), "121 x 225 pixels, found 225 x 121"),
        (_rewritten(lambda data: data * np.nan), "no data"),
        (_rewritten(lambda data: 0 * data), "standard deviation of 0"),
        (_rewritten(lambda data: 1e3 * data), "values up to"),
        (_rewritten(_hole), "one value all along a row"),
    ],
)
def test_unusable_files_are_refused_by_name(path, damage, message):
    damage(path)
    for read in (read_time_distance_map, read_phase_map):
        with pytest.raises(FileFormatError, match=message) as caught:
            read(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_other_shapes_are_refused_by_the_map_source(path):
    with pytest.raises(FileFormatError, match="121 x 225 pixels, found 120 x 225"):
        Map(fits.getdata(path)[1:], fits.getheader(path))


def test_another_image_of_the_shape_is_refused(path):
    fits.PrimaryHDU(fits.getdata(path)).writeto(path, overwrite=True)
    with pytest.raises(FileFormatError, match=r"the header of a map of hmi\.td_fsi_12h"):
        read_phase_map(path)


def test_a_holographic_map_is_not_taken_for_a_time_distance_map(tmp_path, maps):
    path = tmp_path / "hmi.td_fsi_12h.20230504_120000_TAI.data.fits"
    maps[0].save(path)
    with pytest.raises(FileFormatError, match="121 x 225 pixels, found 181 x 361"):
        read_phase_map(path)


def test_saved_map_with_other_coordinates_is_refused(path, tmp_path):
    phase_map = read_time_distance_map(path)
    for number, cards in enumerate(({"crval1": 10.0}, {"cdelt2": -0.827}, {"ctype1": "CRLN-BAD"})):
        saved = tmp_path / f"{number}.fits"
        header = phase_map.fits_header.copy()
        header.update(cards)
        fits.PrimaryHDU(phase_map.data, header).writeto(saved)
        with pytest.raises(FileFormatError, match="expected the coordinates of hmi"):
            read_phase_map(saved)


def test_another_date_in_the_name_is_refused(path):
    other = path.with_name(path.name.replace("0504", "0505"))
    path.rename(other)
    with pytest.raises(FileFormatError, match="2023-05-05T11:59, in T_REC, found 2023-05-04T11:59"):
        read_time_distance_map(other)
    other.rename(other.with_name("renamed_20230505_120000.fits"))
    assert read_phase_map(other.with_name("renamed_20230505_120000.fits")).date == DATE


def test_sequences_are_resampled_in_place(folder):
    sequence = FarsideSequence.from_files(sorted(folder.iterdir())[:11])
    assert sequence.product == "time_distance"
    assert sequence.date.isot == "2023-05-03T11:59:23.000"
    assert sequence.data.shape == (11, 144, 120)
    # The maps end at 60 degrees of latitude.
    known = np.isfinite(sequence.data).all(axis=(0, 2))
    assert known.sum() == 121
    mean = np.nan_to_num(sequence.comoving_data.mean(axis=0))
    row, column = np.unravel_index(np.argmin(mean), mean.shape)
    point = sequence.wcs.pixel_to_world(column, row)
    assert (point.lon.deg, point.lat.deg) == pytest.approx((20, 15), abs=2.5)


def test_detections_are_written_and_read_with_their_maps(folder, tmp_path):
    sequence = FarsideSequence.from_files(sorted(folder.iterdir())[:11])
    for number, detect in enumerate((detect_farside, detect_seismic_strength)):
        detection = detect(sequence)
        detection.write(tmp_path / str(number))
        again = FarsideDetection.read(tmp_path / str(number))
        assert again.sequence.product == "time_distance"
        assert np.array_equal(again.sequence.data, sequence.data, equal_nan=True)
        assert again.settings == detection.settings
        assert np.array_equal(again.regions["significant"], detection.regions["significant"])


def test_longer_lists_give_all_sequences(folder):
    sequences = find_sequences([read_phase_map(path) for path in folder.iterdir()])
    assert len(sequences) == 2


def test_folder_of_both_products_is_searched_for_one(folder, tmp_path, jsoc_files):
    both = shutil.copytree(folder, tmp_path / "both")
    assert len(find_phase_maps(both)) == 12
    for path in jsoc_files:
        shutil.copy(path, both)
    with pytest.warns(SunpyUserWarning, match="a map of time_distance among maps of phase_map: 12"):
        assert [path.name for path in find_phase_maps(both)] == [path.name for path in jsoc_files]
    found = find_phase_maps(both, "time_distance")
    assert [path.name for path in found] == sorted(path.name for path in folder.iterdir())


def test_detect_and_watch_take_folders(folder, tmp_path, capsys):
    assert run("detect", folder, "--format", "json") == 0
    records = json.loads(capsys.readouterr().out)
    assert [record["date"][:16] for record in records] == ["2023-05-03T11:59", "2023-05-03T23:59"]
    strongest = records[0]["regions"][0]
    assert (strongest["longitude"], strongest["latitude"]) == pytest.approx((20, 15), abs=2.5)
    assert run("watch", folder, "--output", tmp_path / "results") == 0
    assert watch_folder(folder, tmp_path / "results") == []
    catalog = read_catalog(tmp_path / "results", "sar")
    assert len(catalog.meta["dates"]) == 2
    near = catalog[catalog["significant"]]
    assert np.all(np.abs(near["centroid"].lon.deg - 20) < 3)
    assert len(near) == 2


@pytest.mark.filterwarnings("default")
def test_detect_chooses_the_product(folder, tmp_path, jsoc_files, capsys):
    both = shutil.copytree(folder, tmp_path / "both")
    for path in jsoc_files:
        shutil.copy(path, both)
    assert run("detect", both, "--format", "json") == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)) == 1
    assert "passed over 12 (a map of time_distance among maps of phase_map: 12)" in err
    assert run("detect", both, "--product", "time_distance", "--format", "json") == 0
    assert len(json.loads(capsys.readouterr().out)) == 2


@pytest.fixture(scope="module")
def real(real_data):
    return sorted((real_data / "td_fsi_12h").glob("*.fits"))


def test_real_files_open_by_every_way(real):
    for path in real:
        read, opened = read_phase_map(path), Map(path)
        assert type(opened) is FarsidePhaseMap
        assert np.array_equal(opened.data, fits.getdata(path))
        assert np.array_equal(read.data, opened.data)
        assert read.date == opened.date
        assert read.wcs.wcs.compare(opened.wcs.wcs)
        assert read.meta == opened.meta


def test_real_date_is_that_at_which_the_header_gives_the_central_meridian(real):
    """
    The longitudes are rounded up to a tenth of a degree, which the Sun turns in eleven minutes.
    """
    for path in real:
        date, header = read_phase_map(path).date, fits.getheader(path)
        ahead = header["CRLN0"] - (far_side_central_meridian(date).deg - 180) % 360
        assert -0.01 < ahead < 0.1
        assert abs(Time(header["DATE-OBS"]) + 12 * u.hour - date) < 1 * u.s


def test_real_maps_stand_still_in_carrington_coordinates(real):
    """
    Maps two days apart share no data: only regions on the Sun make them alike.
    """
    maps = [read_phase_map(path) for path in real]
    step = 4
    shifts = np.arange(-42, 43, 3)
    correlation = {turned: [] for turned in (False, True)}
    latitudes, east = np.meshgrid(np.arange(-40, 41, 2), np.arange(-60, 61, 2), indexing="ij")
    for first, second in zip(maps[:-step], maps[step:], strict=True):
        for turned in correlation:
            correlation[turned].append(
                [_likeness(first, second, latitudes, east, shift, turned) for shift in shifts]
            )
    straight, mirrored = (np.mean(correlation[turned], axis=0) for turned in (False, True))
    assert abs(shifts[np.argmax(straight)]) <= 3
    assert straight.max() > 0.5
    assert straight.max() > 1.5 * mirrored[np.abs(shifts) <= 3].max()


def _likeness(first, second, latitudes, east, shift, turned):
    """
    Return the correlation of two maps at the same Carrington positions, one of them shifted.
    """
    middle = second.central_meridian.deg
    values = []
    for item, offset in ((first, 0), (second, shift)):
        column, row = item.wcs.wcs_world2pix((middle + east + offset) % 360, latitudes, 0)
        if turned and item is first:
            # The map as if its columns ran to the east.
            column = SHAPE[1] - 1 - column
        column, row = column.round().astype(int), row.round().astype(int)
        inside = (column >= 0) & (column < SHAPE[1])
        values.append(np.where(inside, item.data[row, column.clip(0, SHAPE[1] - 1)], np.nan))
    known = np.isfinite(values).all(axis=0)
    return np.corrcoef(values[0][known], values[1][known])[0, 1]
