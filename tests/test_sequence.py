import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import astropy.units as u
from astropy.time import Time

from sunpy.map import Map
from sunpy.map.header_helper import make_heliographic_header
from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside import FarsidePhaseMap, FarsideSequence, find_sequences, read_phase_map
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.window import window_longitudes
from sunpy_farside.errors import SequenceError
from sunpy_farside.io.phase_maps import read_global_map
from sunpy_farside.maps import phase_map_header
from sunpy_farside.maps.windows import GlobalMap

START = Time("2022-05-02T12:00")


def coded_map(time, product="phase_map"):
    """
    Return a map whose values encode their longitude and latitude.
    """
    longitude = np.arange(361) % 360
    latitude = np.arange(-90, 91)
    data = ((longitude + latitude[:, None] / 1000) / 1000).astype(np.float32)
    return FarsidePhaseMap(data, phase_map_header(time, product))


def coded_maps(n=11, start=START):
    return [coded_map(start + k * 12 * u.hour) for k in range(n)]


@pytest.mark.parametrize("width", [16, 120, 140, 180])
def test_every_map_is_cut_at_the_window_of_its_own_date(width):
    sequence = FarsideSequence(coded_maps(), width=width)
    assert sequence.data.shape == (11, 144, width)
    assert sequence.data.dtype == np.float32
    for k, time in enumerate(sequence.times):
        longitudes = window_longitudes(time, width).value
        assert np.array_equal(np.round(1000 * sequence.data[k, 72]), longitudes)
        assert np.floor(far_side_central_meridian(time).deg) == longitudes[width // 2]
    assert sequence.data[5, 0, 0] == np.float32((longitudes_of_middle(sequence)[0] - 0.072) / 1000)


def longitudes_of_middle(sequence):
    return window_longitudes(sequence.date, sequence.width).value


def test_comoving_maps_all_stand_in_the_middle_window():
    sequence = FarsideSequence(coded_maps())
    expected = longitudes_of_middle(sequence)
    assert np.array_equal(
        np.round(1000 * sequence.comoving_data[:, 72]), np.tile(expected, (11, 1))
    )


@pytest.mark.parametrize("start", ["2022-05-02T12:00", "2022-05-12"])
def test_comoving_windows_of_other_widths_share_their_meridian(start):
    sequence = FarsideSequence(coded_maps(start=Time(start)))
    wide = sequence.comoving(140)
    expected = window_longitudes(sequence.date, 140).value
    assert np.array_equal(np.round(1000 * wide[:, 72]), np.tile(expected, (11, 1)))
    assert np.array_equal(wide[..., 10:130], sequence.comoving_data)
    assert np.array_equal(wide[..., 62:78], sequence.comoving(16))
    with pytest.raises(SequenceError, match="16 to 180"):
        sequence.comoving(139)


def test_maps_that_are_cut_already_have_nothing_beyond():
    whole = FarsideSequence(coded_maps())
    cut = FarsideSequence.from_array(whole.data, whole.date).comoving(140)
    assert np.isnan(cut[5, :, :10]).all()
    assert np.isnan(cut[5, :, 130:]).all()
    inside = np.isfinite(cut)
    assert np.array_equal(cut[inside], whole.comoving(140)[inside])
    # Earlier windows lie further west of the middle one, later ones further east.
    assert inside[0].any(axis=0).sum() < 110
    assert (inside[0] ^ inside[10]).any()


def test_the_seam_runs_through_windows_without_a_gap():
    # The far side's central meridian passes longitude 0 on 2022-05-14.
    sequence = FarsideSequence(coded_maps(start=Time("2022-05-12")))
    row = np.round(1000 * sequence.data[5, 72]).astype(int)
    assert {359, 0, 1} <= set(row)
    assert np.all(np.diff(row) % 360 == 1)
    assert np.isfinite(sequence.data).all()


@pytest.mark.parametrize(("missing", "kept"), [(0, 360), (360, 0)])
def test_a_seam_meridian_without_data_is_filled_from_its_repetition(missing, kept):
    maps = []
    for item in coded_maps(start=Time("2022-05-12")):
        data = item.data.copy()
        data[:, missing] = np.nan
        maps.append(FarsidePhaseMap(data, item.meta))
    sequence = FarsideSequence(maps)
    assert np.isfinite(sequence.data).all()
    data = maps[0].data.copy()
    data[:, kept] = np.nan
    maps[0] = FarsidePhaseMap(data, maps[0].meta)
    assert np.isnan(FarsideSequence(maps).data[0]).any(axis=0).sum() == 1


def test_order_does_not_matter():
    maps = coded_maps()
    shuffled = [maps[k] for k in np.random.default_rng(0).permutation(11)]
    sequence = FarsideSequence(shuffled)
    assert np.array_equal(sequence.data, FarsideSequence(maps).data)
    assert sequence.date == START + 60 * u.hour
    assert sequence.maps == tuple(maps)
    assert np.all(np.diff(sequence.times.mjd) > 0)


def test_wcs_is_that_of_the_middle_map():
    sequence = FarsideSequence(coded_maps(), width=140)
    corner = sequence.wcs.pixel_to_world(0, 0)
    assert corner.lon.deg == pytest.approx(longitudes_of_middle(sequence)[0])
    assert corner.lat.deg == pytest.approx(-72)
    assert corner.obstime == sequence.date


def test_dates_within_a_minute_of_the_cadence_pass():
    maps = coded_maps()
    maps[3] = coded_map(START + 36 * u.hour + 50 * u.s)
    assert FarsideSequence(maps).times[3].isot == "2022-05-04T00:00:50.000"


def _ten(maps):
    return maps[:10]


def _twelve(maps):
    return coded_maps(12)


def _gap(maps):
    return [*maps[:4], *coded_maps(12)[5:]]


def _repeat(maps):
    return [*maps[:10], maps[2]]


def _off(maps):
    return [*maps[:4], coded_map(START + 51 * u.hour), *maps[5:]]


def _first_off(maps):
    return [coded_map(START - 3 * u.hour), *maps[1:]]


def _mixed(maps):
    return [*maps[:10], coded_map(START + 120 * u.hour, "phase_map_5day")]


def _one_date(maps):
    return [maps[0]] * 11


def _none(maps):
    return []


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_ten, "found 10"),
        (_twelve, "found 12"),
        (_gap, "found 11 over 12 steps, without 2022-05-04T12:00"),
        (_repeat, "found 11 of 10 dates, more than one of 2022-05-03T12:00"),
        (_off, "cadence: 2022-05-04T15:00"),
        (_first_off, "cadence: 2022-05-02T09:00"),
        (_mixed, "phase_map and phase_map_5day"),
        (_none, "found none"),
        (_one_date, r"h; found 11 of 1 date, more than one of 2022-05-02T12:00\. Keep one map of"),
    ],
)
def test_what_is_wrong_is_named(spoil, message):
    with pytest.raises(SequenceError, match=message):
        FarsideSequence(spoil(coded_maps()))


@pytest.mark.parametrize("width", [15, 121, 14, 182, 120.0, "120"])
def test_widths_are_even_from_16_to_180(width):
    with pytest.raises(SequenceError, match="width"):
        FarsideSequence(coded_maps(), width=width)


def test_a_window_without_far_side_data():
    maps = coded_maps()
    empty = np.full((181, 361), np.nan, np.float32)
    # Data on the near side alone.
    near = (window_longitudes(maps[4].date, 120).value.astype(int) + 180) % 360
    empty[:, near] = 0.1
    maps[4] = FarsidePhaseMap(empty, maps[4].meta)
    with pytest.raises(SequenceError, match="2022-05-04T12:00"):
        FarsideSequence(maps)


@pytest.mark.parametrize("unit", ["s", "G", "m / s"])
def test_units_that_are_no_angles_are_refused(unit):
    maps = coded_maps()
    maps[4] = Map(maps[4].data, dict(maps[4].meta) | {"bunit": unit})
    with pytest.raises(SequenceError, match="in rad"):
        FarsideSequence(maps)


def test_files_and_arrays_are_refused_by_kind():
    with pytest.raises(TypeError, match="from_files"):
        FarsideSequence(["a.fits"] * 11)


def test_from_files_equals_the_maps(jsoc_files, simulated):
    sequence = FarsideSequence.from_files(reversed(jsoc_files))
    assert np.array_equal(sequence.data, simulated.sequence.data, equal_nan=True)


@pytest.mark.parametrize("width", [120, 140])
def test_from_array_goes_round(width):
    whole = FarsideSequence(coded_maps(), width=width)
    sequence = FarsideSequence.from_array(whole.data, whole.date)
    assert np.array_equal(sequence.data, whole.data)
    assert sequence.wcs.wcs.compare(whole.wcs.wcs)
    inside = np.isfinite(sequence.comoving_data)
    assert np.array_equal(sequence.comoving_data[inside], whole.comoving_data[inside])


@pytest.mark.parametrize("shape", [(10, 144, 120), (11, 143, 120), (1, 11, 144, 120)])
def test_from_array_says_what_shape_it_expects(shape):
    with pytest.raises(SequenceError, match=r"\(11, 144, width\)"):
        FarsideSequence.from_array(np.zeros(shape), START)


def test_find_sequences_slides_and_skips_gaps():
    maps = coded_maps(36)
    del maps[12], maps[24]
    sequences = find_sequences(maps[::-1])
    # 12 maps give two, 12 more another two, the ten at the end none.
    assert [sequence.times[0] for sequence in sequences] == [
        START + k * 12 * u.hour for k in (0, 1, 13, 14)
    ]
    for sequence in sequences:
        assert np.array_equal(sequence.data, FarsideSequence(sequence.maps).data)


def test_find_sequences_leaves_out_what_is_off_the_cadence():
    maps = [*coded_maps(), coded_map(START + 3 * u.hour)]
    assert len(find_sequences(maps)) == 1


def test_find_sequences_refuses_what_is_ambiguous():
    with pytest.raises(SequenceError, match="more than one map"):
        find_sequences([*coded_maps(12), coded_map(START)])
    assert find_sequences([]) == []
    with pytest.warns(SunpyUserWarning, match="among 10 maps"):
        assert find_sequences(coded_maps(10)) == []


@pytest.mark.filterwarnings("ignore:Found no sequence among")
@settings(max_examples=15)
@given(st.sets(st.integers(0, 30), max_size=12))
def test_find_sequences_finds_every_complete_run(missing):
    maps = [item for k, item in enumerate(coded_maps(31)) if k not in missing]
    runs = [k for k in range(21) if not missing & set(range(k, k + 11))]
    found = [sequence.times[0].isot for sequence in find_sequences(maps, width=16)]
    assert found == [(START + k * 12 * u.hour).isot for k in runs]


def sine_and_cosine(longitude, latitude):
    return np.cos(np.deg2rad(longitude - 40)) * np.cos(np.deg2rad(2 * latitude)) * 0.1


@pytest.mark.parametrize(
    ("shape", "projection"), [((360, 720), "CAR"), ((180, 360), "CAR"), ((181, 361), "CEA")]
)
@pytest.mark.parametrize("start", ["2022-05-02T12:00", "2022-05-12"])
def test_maps_on_other_grids_are_resampled_in_their_own_frame(shape, projection, start):
    maps = []
    for item in coded_maps(start=Time(start)):
        header = make_heliographic_header(
            item.date,
            item.observer_coordinate,
            shape,
            frame="carrington",
            projection_code=projection,
        )
        blank = Map(np.zeros(shape), header | {"bunit": "rad"})
        x, y = np.meshgrid(np.arange(shape[1]), np.arange(shape[0]))
        lon, lat = blank.wcs.wcs_pix2world(x, y, 0)
        maps.append(Map(sine_and_cosine(lon, lat), blank.meta))
    sequence = FarsideSequence(maps)
    latitude = np.arange(-72, 72)[:, None]
    for data, time in zip(sequence.data, sequence.times, strict=True):
        expected = sine_and_cosine(window_longitudes(time, 120).value, latitude)
        assert np.isfinite(data).all()
        assert np.allclose(data, expected, atol=5e-4)
    assert np.isfinite(sequence.comoving_data[5]).all()


def test_real_windows_equal_the_published_stacks(real_data):
    files = sorted((real_data / "jsoc/farside/Phase_Maps/2022").iterdir())
    with h5py.File(real_data / "farnet2/20220505_00_20220505_12.h5") as file:
        published = file["phases"][...]
    sequence = FarsideSequence.from_files(files[:11])
    assert sequence.date == Time("2022-05-05")
    assert np.array_equal(sequence.data, published[0])
    sequences = find_sequences([read_phase_map(path) for path in files])
    assert len(sequences) == 2
    for sequence, stack in zip(sequences, published, strict=True):
        assert np.array_equal(sequence.data, stack)


def test_a_file_cut_without_a_map_is_the_same(jsoc_files):
    for path in jsoc_files[:2]:
        item = read_phase_map(path)
        expected, found = GlobalMap.of(item, item.date), read_global_map(path)
        assert np.array_equal(found.globe, expected.globe, equal_nan=True)
        assert (found.time.jd1, found.time.jd2) == (expected.time.jd1, expected.time.jd2)
        assert (found.product, found.meridian) == (expected.product, expected.meridian)
        assert np.array_equal(found.map.data, item.data, equal_nan=True)
        assert found.map.meta == item.meta
        assert found.map is found.map


def test_sequences_of_files_share_the_maps_that_were_read(jsoc_files):
    cut = [read_global_map(path) for path in jsoc_files]
    first, second = (FarsideSequence(cut, width=width) for width in (120, 140))
    expected = FarsideSequence([read_phase_map(path) for path in jsoc_files])
    assert np.array_equal(first.data, expected.data, equal_nan=True)
    assert first.product == expected.product
    assert (first.times == expected.times).all()
    assert all(here is there for here, there in zip(first.maps, second.maps, strict=True))
    (found,) = find_sequences(cut)
    assert np.array_equal(found.data, expected.data, equal_nan=True)
