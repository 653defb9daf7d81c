"""
Sequences with missing maps, and detections in them.
"""

import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from reference_unet import small_model

import astropy.units as u
from astropy.table import QTable
from astropy.time import Time

from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside import (
    FarsideDetection,
    FarsideSequence,
    detect_farside,
    detect_seismic_strength,
    find_sequences,
    simulate_sequence,
)
from sunpy_farside.cadence import CADENCE, add_steps, nearest_step, shared_steps, time_of_step
from sunpy_farside.detection.export import to_json, to_text
from sunpy_farside.errors import SequenceError
from sunpy_farside.maps import FarsidePhaseMap
from sunpy_farside.network import CoarseUNet, FarsideModel, Normalization
from sunpy_farside.simulation import simulate_maps

# Positions of missing maps: first, middle, last, two together, and others.
GAPS = [(0,), (5,), (10,), (0, 1), (4, 5), (9, 10), (0, 10), (5, 10), (2, 7)]
gaps = pytest.mark.parametrize("gone", GAPS)


@pytest.fixture(scope="module")
def full(simulated):
    return simulated.sequence


def without(full, gone, **options):
    maps = [item for k, item in enumerate(full.maps) if k not in gone]
    return FarsideSequence(maps, missing=len(gone), date=full.date, **options)


def kept(gone):
    return [k for k in range(11) if k not in gone]


@gaps
def test_the_other_windows_are_those_of_the_full_sequence(full, gone):
    sequence = without(full, gone)
    for name in ("data", "comoving_data"):
        ours, theirs = getattr(sequence, name), getattr(full, name)
        assert ours.dtype == np.float32
        assert_array_equal(ours[kept(gone)], theirs[kept(gone)])
        assert np.isnan(ours[list(gone)]).all()
    assert_array_equal(sequence.comoving(140)[kept(gone)], full.comoving(140)[kept(gone)])
    assert sequence.wcs.to_header_string() == full.wcs.to_header_string()


@gaps
def test_times_and_date_are_exact(full, gone):
    sequence = without(full, gone)
    assert_array_equal(sequence.times.jd1, full.times.jd1)
    assert_array_equal(sequence.times.jd2, full.times.jd2)
    assert sequence.date.isot == full.date.isot
    assert_array_equal(np.flatnonzero(sequence.is_missing), gone)
    assert not full.is_missing.any()


@gaps
def test_maps_are_eleven_with_blank_ones_in_the_gaps(full, gone):
    sequence = without(full, gone)
    assert len(sequence) == len(list(sequence)) == 11
    for k, item in enumerate(sequence):
        assert item is sequence[k]
        assert item.date == sequence.times[k]
        if k in gone:
            assert isinstance(item, FarsidePhaseMap)
            assert item.product == sequence.product
            assert np.isnan(item.data).all()
        else:
            assert item is full[k]
    again = FarsideSequence(sequence.maps, missing=len(gone))
    assert_array_equal(again.data, sequence.data)
    assert_array_equal(again.is_missing, sequence.is_missing)
    assert f"{11 - len(gone)} of 11 maps" in repr(sequence)


def test_a_late_map_does_not_move_the_times_of_missing_ones(full):
    late = full[0]._new_instance(full[0].data, full[0].meta | {"date-obs": "2022-05-02T12:00:50"})
    sequence = FarsideSequence([late, *full[1:5], *full[6:]], missing=1)
    assert sequence.times[0].isot == "2022-05-02T12:00:50.000"
    assert sequence.date.isot == "2022-05-05T00:00:00.000"


def test_the_date_decides_where_maps_are_missing_at_the_ends(full):
    with pytest.raises(
        SequenceError,
        match=r"9 maps are in 3 sequences.*2022-05-04T12:00, 2022-05-05T00:00, 2022-05-05T12:00",
    ):
        FarsideSequence(full[1:10], missing=2)
    for date in ("2022-05-04T12:00", "2022-05-05T00:00", "2022-05-05T12:00"):
        sequence = FarsideSequence(full[1:10], missing=2, date=date)
        assert sequence.date == Time(date)
        assert sequence.is_missing.sum() == 2
    # A gap in the middle leaves nothing open.
    assert FarsideSequence(full[:3] + full[4:], missing=2).date == full.date


@pytest.mark.parametrize(
    ("choice", "options", "message"),
    [
        (slice(0, 10), {}, r"found 10.*allow for missing maps with missing=1\."),
        (slice(0, 8), {"missing": 2}, r"of which 2 may be missing; found 8\. .*missing=3\."),
        (slice(0, 5), {"missing": 5}, r"found 5\. Add the missing maps or choose another date\."),
        (slice(0, 11), {"date": "2022-05-06"}, "outside of the sequence of 2022-05-06T00:00: 2022"),
        (
            slice(0, 9),
            {"missing": 2, "date": "2022-05-05T03:00"},
            "off their cadence: 2022-05-05T03",
        ),
        (
            slice(0, 9),
            {"missing": 1, "date": "2022-05-05"},
            "without 2022-05-07T00:00, 2022-05-07",
        ),
        (slice(0, 11), {"missing": 6}, "from 0 to 5, found the number 6"),
        (slice(0, 11), {"missing": -1}, "from 0 to 5"),
        (slice(0, 11), {"missing": 1.5}, "from 0 to 5"),
    ],
)
def test_errors_name_the_missing_maps_and_the_remedy(full, choice, options, message):
    with pytest.raises(SequenceError, match=message):
        FarsideSequence(full[choice], **options)


def test_maps_that_span_more_than_a_sequence_are_refused(full, maps):
    later = [*maps[:5], *maps[7:13]]
    with pytest.raises(
        SequenceError, match=r"found 11 over 13 steps, without 2022-05-03T12:00.*Use find_sequences"
    ):
        FarsideSequence(later, missing=2)


def blank(item):
    return FarsidePhaseMap(np.full(item.data.shape, np.nan), item.meta)


def test_a_map_without_data_is_missing(full):
    maps = [*full[:3], blank(full[3]), *full[4:]]
    with pytest.raises(SequenceError, match=r"2022-05-04T00:00. .*missing=1"):
        FarsideSequence(maps)
    sequence = FarsideSequence(maps, missing=1)
    assert_array_equal(np.flatnonzero(sequence.is_missing), [3])
    assert sequence[3] is maps[3]
    with pytest.raises(SequenceError, match="2022-05-04T00:00"):
        FarsideSequence([*maps[:4], *maps[5:]], missing=1)
    (found,) = find_sequences(maps, missing=1)
    assert_array_equal(found.data, sequence.data)
    with pytest.warns(SunpyUserWarning, match="among 10 maps"):
        assert find_sequences([*maps[:4], *maps[5:]], missing=1) == []


def test_arrays_with_missing_maps(full):
    data = full.data
    data[[0, 5]] = np.nan
    with pytest.raises(SequenceError, match="missing=2"):
        FarsideSequence.from_array(data, full.date)
    sequence = FarsideSequence.from_array(data, full.date, missing=2)
    assert_array_equal(sequence.data, data)
    assert sequence.date == full.date


def test_files_with_missing_maps(full, jsoc_files):
    sequence = FarsideSequence.from_files(jsoc_files[1:], missing=1, date="2022-05-05")
    assert_array_equal(sequence.data, without(full, (0,)).data)


@pytest.mark.filterwarnings("ignore:Found no sequence among")
@settings(max_examples=20)
@given(st.sets(st.integers(0, 12), max_size=9), st.integers(0, 5))
def test_find_sequences_finds_every_date_with_enough_maps(maps, gone, missing):
    there = [item for k, item in enumerate(maps) if k not in gone]
    expected = {}
    for middle in range(-5, 18):
        places = set(range(middle - 5, middle + 6))
        used = places & set(range(13)) - gone
        if len(used) >= 11 - missing:
            expected[middle] = [k not in used for k in sorted(places)]
    found = find_sequences(there, width=16, missing=missing)
    assert [item.is_missing.tolist() for item in found] == list(expected.values())
    for sequence, middle in zip(found, expected, strict=True):
        assert sequence.date.isot == (maps[0].date + middle * CADENCE).isot
        for item, phases in zip(sequence, sequence.data, strict=True):
            if not np.isnan(phases).all():
                assert any(item is other for other in there)


def test_sequences_with_gaps_have_the_windows_of_full_ones(maps):
    full = find_sequences(maps)
    gappy = find_sequences([*maps[:6], *maps[7:]], missing=1)
    assert [item.date.isot for item in gappy] == [item.date.isot for item in full]
    for ours, theirs in zip(gappy, full, strict=True):
        there = ~ours.is_missing
        assert there.sum() == 10
        assert_array_equal(ours.data[there], theirs.data[there])
        assert_array_equal(ours.comoving_data[there], theirs.comoving_data[there])


def quietly(function, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return function(*args, **kwargs)


def attentive():
    network = CoarseUNet(hidden=4, attention=True)
    normalization = Normalization("valid", clip=False)
    return FarsideModel(network, "attentive", "common", normalization, 30.0, "cpu")


NETWORKS = {
    "default": lambda: "default",
    "attentive": attentive,
    "published form": lambda: small_model(),
}


@gaps
@pytest.mark.parametrize("network", NETWORKS)
def test_networks_take_missing_maps(full, gone, network):
    detection = quietly(detect_farside, without(full, gone), NETWORKS[network](), device="cpu")
    assert np.isfinite(detection.image.data).all()
    assert detection.image.date == full.date
    corner, expected = (wcs.pixel_to_world(0, 0) for wcs in (detection.image.wcs, full.wcs))
    assert (corner.lon, corner.lat) == (expected.lon, expected.lat)


def test_the_cadence_that_most_maps_share():
    rng = np.random.default_rng(1)
    for _ in range(50):
        start = Time("2022-05-01") + rng.integers(0, 720) * u.min
        minutes = np.where(rng.random(15) < 0.3, rng.integers(-300, 300, 15), 0)
        times = start + np.arange(15) * CADENCE + minutes * u.min
        _, near, phase = shared_steps(times)
        phases = times.utc.mjd * 2 % 1
        apart = np.abs((phases[:, None] - phases + 0.5) % 1 - 0.5) * 720
        assert near.sum() == (apart < 1.01).sum(axis=0).max()
        assert np.isclose(phases, phase).any()


def test_the_cadence_of_an_archive_needs_little_memory():
    times = Time(55000 + np.arange(20_000) / 2, format="mjd")
    tracemalloc.start()
    steps, near, _ = shared_steps(times)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert near.all()
    assert (np.diff(steps) == 1).all()
    # Numbers of all pairs would take 3 GB.
    assert most < 5e7


# The last second of 2016 was a leap second.
DAYS = ("16-12-29", "16-12-30", "16-12-31", "17-01-01", "17-01-02", "17-01-03")


def test_the_step_after_a_leap_second():
    """
    Count from a map in the leap second, as whole days of 86,401 seconds make them.
    """
    times = Time("2012-06-29T12:00") + np.arange(4) * CADENCE
    assert times[-1].isot == "2012-06-30T23:59:60.000"
    step = nearest_step(times[-1])
    assert time_of_step(step + 1, times[-1:], [step]).isot == "2012-07-01T12:00:00.000"


def test_maps_across_a_leap_second_stay_on_the_cadence():
    simulated = simulate_maps("2016-12-29T00:00", 11, seed=1)
    expected = [f"20{day}T{hour}:00:00.000" for day in DAYS for hour in ("00", "12")][:11]
    assert [item.date.isot for item in simulated.maps] == expected
    (sequence,) = find_sequences(simulated.maps)
    again = FarsideSequence.from_array(sequence.data, sequence.date)
    assert again.times.isot.tolist() == expected
    assert simulate_sequence(sequence.date, seed=1).sequence.times.isot.tolist() == expected
    later = add_steps(Time(expected), np.arange(11))
    assert later.isot[[0, 10]].tolist() == ["2016-12-29T00:00:00.000", "2017-01-08T00:00:00.000"]


def test_tables_record_the_maps_they_were_made_from(full):
    gappy = without(full, (0, 4))
    assert gappy.provenance == {
        "first_map": full.times[0].isot,
        "last_map": full.times[-1].isot,
        "missing_maps": [full.times[0].isot, full.times[4].isot],
        "product": "phase_map",
    }
    for detection in (detect_farside(gappy, device="cpu"), detect_seismic_strength(gappy)):
        assert gappy.provenance.items() <= detection.regions.meta.items()


def test_batches_of_full_sequences_and_others(full):
    several = [full, without(full, (4, 5)), full]
    together = detect_farside(several, device="cpu")
    for sequence, detection in zip(several, together, strict=True):
        alone = detect_farside(sequence, device="cpu")
        assert np.allclose(detection.image.data, alone.image.data, atol=1e-5)


@gaps
def test_the_mean_is_that_of_the_other_maps(full, gone):
    detection = quietly(detect_seismic_strength, without(full, gone))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        expected = np.nanmean(full.comoving_data[kept(gone)].astype(float), axis=0)
    assert np.allclose(detection.image.data, expected, equal_nan=True, atol=1e-7)


def detect(method, sequence):
    if method == "sar":
        return detect_seismic_strength(sequence)
    return detect_farside(sequence, device="cpu")


@pytest.mark.parametrize("method", ["network", "sar"])
def test_tables_state_what_is_missing(full, method):
    regions = detect(method, without(full, (5, 10))).regions
    assert regions.meta["missing_maps"] == [full.times[k].isot for k in (5, 10)]
    assert regions.meta["first_map"] == full.times[0].isot
    assert regions.meta["last_map"] == full.times[10].isot
    assert (regions["coverage"] <= 9 / 11 + 1e-9).all()
    assert regions["coverage"].max() == pytest.approx(9 / 11)
    assert detect(method, full).regions["coverage"].max() == 1


@pytest.mark.parametrize("method", ["network", "sar"])
def test_texts_state_what_is_missing(full, method):
    detection = detect(method, without(full, (5, 10)))
    assert "2 of 11 maps missing" in to_text(detection)
    assert '"missing_maps": [' in to_json([detection])
    assert "missing" not in to_text(detect(method, full))


@gaps
@pytest.mark.parametrize("method", ["network", "sar"])
def test_files_keep_what_is_missing(full, gone, method, tmp_path):
    detection = detect(method, without(full, gone))
    detection.write(tmp_path)
    read = FarsideDetection.read(tmp_path)
    assert_array_equal(np.flatnonzero(read.sequence.is_missing), gone)
    assert_array_equal(read.sequence.data, detection.sequence.data)
    assert read.date == detection.date
    assert read.regions.meta == detection.regions.meta
    assert_array_equal(read.regions["reliability"], detection.regions["reliability"])
    assert_array_equal(detect(method, read.sequence).image.data, detection.image.data)


def test_files_of_earlier_releases_name_no_missing_maps(full, tmp_path):
    detection = detect("network", full)
    detection.write(tmp_path)
    table = QTable.read(tmp_path / "regions.ecsv")
    assert table.meta.pop("missing_maps") == []
    table.write(tmp_path / "regions.ecsv", overwrite=True)
    assert_array_equal(FarsideDetection.read(tmp_path).sequence.data, full.data)


def test_missing_maps_are_drawn_blank(full):
    from matplotlib.figure import Figure

    drawn = quietly(without(full, (5, 10)).plot, figure=Figure())
    assert len(drawn.axes) == 11
    assert [not image.get_array().compressed().size for image in drawn.images] == [
        k in (5, 10) for k in range(11)
    ]
