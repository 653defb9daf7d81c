import numpy as np
import pytest

from astropy.io import fits

from sunpy_farside.cli import main
from sunpy_farside.datasets.fetch_magnetograms import fetch_magnetograms
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.synoptic_maps import (
    REDUCED,
    SynopticMaps,
    read_synoptic_map,
    read_synoptic_maps,
    reduce_maps,
)
from sunpy_farside.simulation.active_regions import DEG2_CM2, Regions, unsigned_field
from sunpy_farside.simulation.magnetic_patches import ROTATION, find_patches
from sunpy_farside.simulation.magnetograms import Film
from sunpy_farside.simulation.phases import View, half_days
from sunpy_farside.simulation.signature import Signature

LATITUDES = np.arange(-60.0, 61.0)
# Longitude of the middle of the first column of a reduced magnetogram.
FIRST = 0.55


def write_magnetogram(path, rotation, field=None):
    """
    Write a magnetogram in the form of the archive's.
    """
    data = np.zeros((360, 720), np.float32) if field is None else field
    cards = {"CAR_ROT": rotation, "CTYPE1": "CRLN-CEA", "CUNIT2": "Sine Latitude"}
    fits.PrimaryHDU(data, fits.Header(cards)).writeto(path)


def concentration(longitude, latitude, flux, width=2.0):
    """
    Return the unsigned field of a Gaussian concentration of flux in Mx on nodes of one degree.
    """
    shrink = np.cos(np.deg2rad(LATITUDES))[:, None]
    east = ((np.arange(360) + FIRST - longitude + 180) % 360 - 180) * shrink
    north = (LATITUDES - latitude)[:, None]
    peak = flux / (2 * np.pi * width**2 * DEG2_CM2)
    return peak * np.exp(-(east**2 + north**2) / (2 * width**2))


def film_of(*fields):
    """
    Return a film of rotations from 2100 on with concentrations (longitude, latitude, flux).
    """
    sine = (np.arange(180) + 0.5) / 90 - 1
    latitude = np.rad2deg(np.arcsin(sine))
    maps = []
    for field in fields:
        density = sum(
            (concentration(*item) for item in field), start=np.zeros((len(LATITUDES), 360))
        )
        rows = [np.interp(latitude, LATITUDES, column, left=0, right=0) for column in density.T]
        # The quiet field is subtracted again.
        maps.append(np.where(np.transpose(rows) > 0.5, np.transpose(rows) + 8, 0))
    return Film(SynopticMaps(2100 + np.arange(len(fields)), np.float32(maps)))


def test_a_magnetogram_is_reduced_to_means_of_four_pixels(tmp_path):
    field = np.arange(360 * 720, dtype=np.float32).reshape(360, 720)
    field[0, :2] = np.nan
    field[2:4, :2] = np.nan
    write_magnetogram(tmp_path / "hmi.Synoptic_Mr_small.2100.fits", 2100, field)
    rotation, reduced = read_synoptic_map(tmp_path / "hmi.Synoptic_Mr_small.2100.fits")
    assert rotation == 2100
    assert reduced[0, 0] == 720.5
    assert np.isnan(reduced[1, 0])
    assert reduced[5, 7] == field[10:12, 14:16].mean()


def test_reduced_magnetograms_are_those_of_the_files(tmp_path):
    rng = np.random.default_rng(0)
    for rotation in (2102, 2100):
        field = rng.normal(0, 100, (360, 720)).astype(np.float32)
        write_magnetogram(tmp_path / f"hmi.Synoptic_Mr_small.{rotation}.fits", rotation, field)
    single = read_synoptic_maps(tmp_path)
    path = reduce_maps(tmp_path, tmp_path / "small")
    reduced = read_synoptic_maps(path.parent)
    assert single.rotations.tolist() == reduced.rotations.tolist() == [2100, 2102]
    assert reduced.field == pytest.approx(single.field, rel=1e-3, abs=1e-2)


def test_observed_magnetograms_reduce_to_the_stored_array(real_data):
    stored = read_synoptic_maps(real_data / "synoptic")
    path = next((real_data / "synoptic").glob("hmi.Synoptic_Mr_small.2156.fits"))
    rotation, field = read_synoptic_map(path)
    expected = stored.field[stored.rotations.tolist().index(rotation)]
    known = np.isfinite(field) & np.isfinite(expected)
    assert known.mean() > 0.85
    assert field[known] == pytest.approx(expected[known], rel=2e-3, abs=0.1)


@pytest.mark.parametrize("content", [b"", b"not an archive", None])
def test_a_file_of_another_kind_is_named(tmp_path, content):
    if content is None:
        np.savez(tmp_path / REDUCED, carrington_rotation=[2100], radial_field=np.zeros((1, 2, 3)))
    else:
        (tmp_path / REDUCED).write_bytes(content)
    with pytest.raises(FileFormatError, match=REDUCED):
        read_synoptic_maps(tmp_path)


def test_a_folder_without_magnetograms_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="fetch-magnetograms"):
        read_synoptic_maps(tmp_path)


@pytest.mark.filterwarnings("always::sunpy.util.exceptions.SunpyUserWarning")
def test_magnetograms_are_fetched_once_and_reduced(tmp_path, serve, capsys):
    (tmp_path / "archive").mkdir()
    for rotation in (2100, 2101, 2103):
        name = f"hmi.Synoptic_Mr_small.{rotation}.fits"
        write_magnetogram(tmp_path / "archive" / name, rotation)
    server = serve(tmp_path / "archive")
    arguments = ["fetch-magnetograms", "--first", "2100", "--last", "2103", "--url", server.url]
    arguments += ["--output", str(tmp_path / "here")]
    assert main(arguments) == 0
    shown = capsys.readouterr()
    assert REDUCED in shown.out
    assert "rotation 2102: left out" in shown.err
    assert read_synoptic_maps(tmp_path / "here").rotations.tolist() == [2100, 2101, 2103]
    before = server.requests.copy()
    assert main(arguments) == 0
    again = server.requests - before
    assert list(again) == ["/hmi.Synoptic_Mr_small.2102.fits"]


def test_a_wrong_file_of_the_archive_does_not_stay(tmp_path, serve):
    (tmp_path / "archive").mkdir()
    name = "hmi.Synoptic_Mr_small.2100.fits"
    (tmp_path / "archive" / name).write_bytes(b"Service temporarily unavailable")
    server = serve(tmp_path / "archive")
    with pytest.raises(ConnectionError, match="Could not fetch 1 of 1"):
        fetch_magnetograms(tmp_path / "here", 2100, 2100, url=server.url, progress=False)
    assert not list((tmp_path / "here").glob("*"))
    with pytest.raises(ConnectionError, match="404"):
        fetch_magnetograms(tmp_path / "here", 2101, 2102, url=server.url, progress=False)
    with pytest.raises(ValueError, match="2100 or later"):
        fetch_magnetograms(tmp_path / "here", 2100, 2099, url=server.url, progress=False)


@pytest.mark.parametrize("longitude", [100.0, 359.8])
def test_patches_have_the_flux_and_the_place_of_the_concentrations(longitude):
    density = concentration(longitude, 15, 1e22) + concentration(longitude + 30, -20, 4e21)
    patches = find_patches(density)
    assert len(patches.flux) == 2
    north, south = np.argsort(-patches.latitude)
    assert patches.flux[north] == pytest.approx(1e22, rel=0.03)
    assert patches.flux[south] == pytest.approx(4e21, rel=0.05)
    assert patches.latitude[[north, south]] == pytest.approx([15, -20], abs=0.1)
    apart = (patches.longitude[[north, south]] - [longitude, longitude + 30] + 180) % 360 - 180
    assert apart == pytest.approx(0, abs=0.1)
    # Twice the rms distance of a Gaussian of two degrees.
    assert patches.extent[north] == pytest.approx(2 * 2 * np.sqrt(2), rel=0.05)
    blocks = patches.blocks[patches.blocks[:, 0] == north]
    assert blocks[:, 3].sum() == pytest.approx(patches.flux[north], rel=0.05)


def test_a_region_on_both_magnetograms_changes_linearly():
    film = film_of([(200, 0, 1e22)], [(205, 0, 2e22)], [(210, 0, 2e22)])
    rng = np.random.default_rng(0)
    # Half a rotation after its first passage, between two magnetograms.
    regions = film.regions(rng, 2101 - 205 / 360 + 0.5, (-6, 6), scatter=0.0)
    assert regions.flux_on(0).sum() == pytest.approx(1.5e22, rel=0.05)
    assert regions.flux_on(5).sum() == pytest.approx(1.5e22 + 5 / ROTATION * 1e22, rel=0.05)
    lobes = regions.lobes(0)
    assert lobes["flux"].sum() == pytest.approx(1.5e22, rel=0.05)
    assert np.average(lobes["longitude"], weights=lobes["flux"]) == pytest.approx(205, abs=3)


def test_a_region_on_one_magnetogram_emerges_before_and_decays_after():
    film = film_of([], [(180, 10, 1e22)], [])
    assert film.rotations.tolist() == [2101]
    ages = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        regions = film.regions(rng, 2101.5, (-27, 27), scatter=0.3)
        assert len(regions) == 1
        assert regions.flux_on(0) == pytest.approx(1e22, rel=0.05)
        ages.append(-regions.emergence[0])
        assert regions.flux_on(regions.emergence) == 0
        later = regions.flux_on(10) / regions.flux_on(0)
        assert later == pytest.approx(np.exp(-10 / regions.decay))
    assert 0 < min(ages) < 5
    assert 22 < max(ages) < ROTATION + 0.1


def test_parts_of_regions_keep_their_flux():
    film = film_of([], [(180, 10, 1e22), (250, -10, 5e21)], [])
    regions = film.regions(np.random.default_rng(1), 2101.4, (-3, 3), scatter=0.0)
    for index in range(len(regions)):
        part = regions[index : index + 1]
        assert part.lobes(0)["flux"].sum() == pytest.approx(part.flux_on(0)[0], rel=0.05)


def test_the_field_of_a_magnetogram_has_its_flux():
    film = film_of([], [(180, 10, 1e22)], [])
    regions = film.regions(np.random.default_rng(0), 2101.5, (-1, 1), scatter=0.0)
    longitudes, latitudes = np.arange(360.0), np.arange(-90.0, 91.0)
    field = unsigned_field(regions, 0, longitudes, latitudes)
    area = DEG2_CM2 * np.cos(np.deg2rad(latitudes))[:, None]
    assert (field * area).sum() == pytest.approx(1e22, rel=0.07)
    row, column = np.unravel_index(field.argmax(), field.shape)
    assert (longitudes[column], latitudes[row]) == pytest.approx((180, 10), abs=1.5)


@pytest.mark.parametrize("east", [0.0, 50.0])
def test_binned_flux_has_the_signature_of_gaussian_flux(east):
    # One round concentration as blocks of a magnetogram, and as a drawn region.
    film = film_of([], [(180, 10, 1e22)], [])
    blocks = film.regions(np.random.default_rng(0), 2101.5, (-1, 1), scatter=0.0)
    days = half_days(1)
    view = View(
        days, np.full(2, 180.0 - east), 0.0, np.arange(120.0, 240.0), np.arange(-72.0, 72.0)
    )
    values = (180.0, 10.0, 1e22, -30.0, 1.0, 1e9, 0.0, 0.0, 1.0)
    round_one = Regions(*(np.array([value]) for value in values))
    signature = Signature(saturation=100.0)
    found = view.signatures(blocks, signature)[0]
    expected = view.signatures(round_one, signature)[0]
    area = np.cos(np.deg2rad(view.latitudes))[:, None]
    assert (found * area).sum() == pytest.approx((expected * area).sum(), rel=0.1)
    places = [np.unravel_index(item.argmin(), item.shape) for item in (found, expected)]
    assert np.abs(np.subtract(*places)).max() <= 1


def test_the_sun_turns_with_the_offset():
    film = film_of([], [(180, 10, 1e22)], [])
    one, other = (
        film.regions(np.random.default_rng(0), 2101.5, (-1, 1), scatter=0.0, offset=offset)
        for offset in (0.0, 70.0)
    )
    assert other.longitude_on(0) - one.longitude_on(0) == pytest.approx(70)
    assert other.flux_on(0) == pytest.approx(one.flux_on(0))


def test_activity_is_the_flux_of_a_rotation():
    film = film_of([], [(180, 10, 1e22), (20, -10, 2e22)], [])
    assert film.activity(2101) == pytest.approx(3e22, rel=0.05)
    assert film.activity(2100) == 0


def test_an_empty_magnetogram_has_no_regions():
    film = film_of([], [], [])
    regions = film.regions(np.random.default_rng(0), 2101.5, (-3, 3), scatter=0.3)
    assert len(regions) == 0
    view = View(half_days(1), np.full(2, 180.0), 0.0, np.arange(120.0, 240.0), LATITUDES)
    assert not view.signatures(regions).any()
