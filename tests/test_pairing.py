"""
Pairing of sequences and magnetograms, and their splits.
"""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import astropy.units as u
from astropy.time import Time

from sunpy.time import parse_time

from sunpy_farside.cadence import step_numbers, step_time
from sunpy_farside.datasets.pairing import pair_frames, split_pairs

DAYS = st.integers(0, 3600)


def maps_around(date, number=11):
    middle = int(step_numbers(Time(date))[0])
    return step_time(np.arange(middle - number // 2, middle + number // 2 + 1))


def test_the_published_pair():
    # The maps of 13.5 days before noon are centered on midnight, 11 to 16 days before.
    pairs = pair_frames(Time(["2015-12-10T12:00"]), maps_around("2015-11-27", 31))
    assert step_time(pairs.middles).isot.tolist() == ["2015-11-27T00:00:00.000"]
    assert pairs.frames.tolist() == [0]
    assert pairs.left_out == []


def test_incomplete_sequences_are_left_out_and_named():
    maps = maps_around("2015-11-27", 33)
    frames = Time("2015-12-08T12:00") + range(5) * u.day
    pairs = pair_frames(frames, maps[np.arange(33) != 10])
    # The map of the 24th belongs to the sequences of 25 and 26 November.
    assert maps[10].isot == "2015-11-24T00:00:00.000"
    dates = step_time(pairs.middles).isot.astype("U10").tolist()
    assert dates == ["2015-11-27", "2015-11-28", "2015-11-29"]
    assert pairs.left_out == [(k, "no map of 2015-11-24T00:00") for k in (0, 1)]


def test_maps_off_the_cadence_count_for_nothing():
    maps = maps_around("2015-11-27")
    shifted = maps + np.where(np.arange(11) == 4, 61, 59) * u.s
    pairs = pair_frames(Time(["2015-12-10T12:00"]), shifted)
    assert pairs.left_out == [(0, "no map of 2015-11-26T12:00")]


def test_the_nearer_of_two_magnetograms_counts():
    frames = Time(["2015-12-10T09:00", "2015-12-10T12:00", "2015-12-10T12:30"])
    pairs = pair_frames(frames, maps_around("2015-11-27"))
    assert pairs.frames.tolist() == [1]
    assert [k for k, _ in pairs.left_out] == [0, 2]
    assert "2015-12-10T12:00" in pairs.left_out[0][1]


def test_leap_seconds_and_year_ends():
    # A second was added at the end of June 2012, June 2015 and 2016.
    for frame, middle in (
        ("2012-07-05T12:00", "2012-06-22"),
        ("2015-07-13T12:00", "2015-06-30"),
        ("2017-01-14T12:00", "2017-01-01"),
        ("2017-01-13T12:00", "2016-12-31"),
        ("2016-12-31T23:59:60", "2016-12-18T12:00"),
    ):
        pairs = pair_frames(Time([frame]), maps_around(middle))
        assert step_time(pairs.middles).isot[0] == Time(middle).isot
        maps = step_time(pairs.middles[0] + np.arange(-5, 6))
        assert set(maps.utc.strftime("%H:%M:%S")) == {"00:00:00", "12:00:00"}
        # TAI, in which JSOC dates its frames, is half a minute ahead.
        tai = Time(Time(frame).isot.replace(":60", ":59"), scale="tai")
        assert pair_frames(Time([tai]), maps_around(middle)).middles == pairs.middles


@given(day=DAYS, seconds=st.integers(-60, 60))
def test_noon_belongs_to_midnight_13_and_a_half_days_before(day, seconds):
    frame = Time("2010-06-01T12:00") + day * u.day + seconds * u.s
    middle = Time(np.floor(frame.utc.mjd) - 13, format="mjd")
    pairs = pair_frames(Time([frame]), maps_around(middle))
    assert step_time(pairs.middles[0]).isot == middle.isot


@given(day=DAYS, minute=st.integers(0, 1439), offset=st.integers(-12 * 60, 14 * 60))
def test_time_zones_do_not_matter(day, minute, offset):
    utc = datetime(2010, 6, 1, tzinfo=UTC) + timedelta(days=day, minutes=minute)
    elsewhere = utc.astimezone(timezone(timedelta(minutes=offset)))
    here, there = (Time([parse_time(time)]) for time in (utc, elsewhere))
    maps = step_time(np.arange(step_numbers(here)[0][0] - 40, step_numbers(here)[0][0]))
    assert pair_frames(here, maps).middles == pair_frames(there, maps).middles


@given(
    day=DAYS,
    minute=st.integers(0, 1439),
    missing=st.sets(st.integers(0, 60), max_size=8),
    order=st.randoms(use_true_random=False),
)
def test_every_pair_is_the_eleven_nearest_maps(day, minute, missing, order):
    start = Time("2010-06-01") + day * u.day
    first = int(step_numbers(start)[0]) - 30
    steps = [first + k for k in range(61) if k not in missing]
    order.shuffle(steps)
    frames = start + minute * u.min + np.arange(10, 30) * 0.7 * u.day
    pairs = pair_frames(frames, step_time(steps))
    assert sorted([*pairs.frames, *(k for k, _ in pairs.left_out)]) == list(range(20))
    assert (np.diff(pairs.middles) > 0).all()
    for k, middle in zip(pairs.frames, pairs.middles, strict=True):
        assert set(range(middle - 5, middle + 6)) <= set(steps)
        lag = frames[k].utc.mjd - step_time(middle).mjd
        assert abs(lag - 13.5) <= 0.25 + 1e-5
    for k, reason in pairs.left_out:
        middle = round((frames[k].utc.mjd - 13.5) * 2)
        whole = set(range(middle - 5, middle + 6)) <= set(steps)
        near = abs((frames[k].utc.mjd - 13.5) * 2 - middle) < 0.49
        assert not (whole and near) or "same maps" in reason


@given(
    days=st.lists(st.integers(0, 4000), min_size=150, max_size=400, unique=True),
    gap=st.integers(0, 40),
    named=st.booleans(),
)
def test_no_map_is_shared_between_splits(days, gap, named):
    days = np.sort(days)
    steps = int(step_numbers(Time("2010-06-01"))[0]) + 2 * days
    dates = step_time(steps)
    ranges = {}
    if named:
        ranges = {"validation": (dates[0], dates[9]), "test": (dates[-10], dates[-1])}
        if days[-10] - days[9] < max(gap, 0.5) + 5:
            return
    elif days[-1] - days[0] <= 3 * (max(gap, 0.5) + 5):
        return
    splits = split_pairs(dates, gap=gap * u.day, **ranges)
    names = [name for name in np.unique(splits) if name]
    maps = {name: np.unique(steps[splits == name][:, None] + np.arange(-5, 6)) for name in names}
    for name in names:
        for other in names:
            if name < other:
                apart = np.abs(maps[name][:, None] - maps[other]).min() / 2
                assert apart >= max(gap, 0.5)
                assert not set(maps[name]) & set(maps[other])
    # The others are in the gaps, not in the splits.
    for name in ("validation", "test"):
        part = np.flatnonzero(splits == name)
        if len(part):
            assert (splits[part[0] : part[-1] + 1] == name).all()


def test_published_years_are_split_with_a_rotation_between():
    dates = step_time(110696 + 2 * np.arange(3066))
    splits = split_pairs(dates)
    shares = [(splits == name).mean().round(2) for name in ("training", "validation", "test", "")]
    assert shares == [0.68, 0.1, 0.19, 0.03]
    assert splits[0] == splits[-1] == "training"


def test_named_splits():
    dates = step_time(110696 + 2 * np.arange(3066))
    splits = split_pairs(
        dates,
        validation=("2014-01-01", "2014-06-30"),
        test=("2015-01-01", parse_time("2015-12-31")),
    )
    test = dates[splits == "test"]
    assert (test[0].isot[:10], test[-1].isot[:10]) == ("2015-01-01", "2015-12-31")
    assert (splits == "validation").sum() == 181
    training = dates[splits == "training"]
    assert abs(training.mjd[:, None] - test.mjd).min() == 33


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"test": ("2015-01-01", "2015-02-01")}, "found one of them"),
        (
            {"test": ("2015-01-01", "2015-02-01"), "validation": ("2015-02-10", "2015-03-01")},
            "found them 9.0 days apart",
        ),
        (
            {"test": ("2015-01-01", "2014-02-01"), "validation": ("2015-02-10", "2015-03-01")},
            "Expected an end after the start",
        ),
    ],
)
def test_splits_that_cannot_be(options, found):
    dates = Time("2014-06-01") + range(400) * u.day
    with pytest.raises(ValueError, match=found):
        split_pairs(dates, **options)


def test_too_short_a_time_to_split():
    with pytest.raises(ValueError, match="found 50 days"):
        split_pairs(Time("2014-06-01") + range(51) * u.day)
    assert split_pairs(Time([], format="mjd")).size == 0
