"""
Building a store from phase maps, synoptic frames and summaries, without a network.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import h5py
import numpy as np
import pytest
import torch
from frames import frame_nodes, write_frame
from lightning_runs import QUIETLY, kill_at_step, lightning_warns, losses
from list_files import location, summary
from map_files import publish_maps
from numpy.testing import assert_array_equal

import astropy.units as u
from astropy.io import fits
from astropy.time import Time

from sunpy.coordinates import sun
from sunpy.net.dataretriever.sources.noaa import SRSClient
from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside import FarsideSequence, read_phase_map
from sunpy_farside.cli import main
from sunpy_farside.datasets import build as build_module
from sunpy_farside.datasets import fetch_sources as fetch_module
from sunpy_farside.datasets.build import build_dataset, reduce_frames
from sunpy_farside.datasets.fetch_sources import dated_files
from sunpy_farside.datasets.store import Store
from sunpy_farside.datasets.torch_dataset import StoredSequences
from sunpy_farside.evaluation.stored import evaluate_stored
from sunpy_farside.network import FarsideModel, Normalization, UNet, load_model, save_model
from sunpy_farside.simulation import simulate_maps
from sunpy_farside.simulation.active_regions import unsigned_field
from sunpy_farside.training.fit import fit, trained_model
from sunpy_farside.training.recipe import Recipe

pytestmark = pytest.mark.usefixtures("only_loopback")

# Three gaps of no length between splits whose sequences do not share a map: five days each.
START, DAYS, GAP = Time("2014-05-18"), 26, 0 * u.day
SHAPE = (144, 360)


def paint(folder, start, days, seed, activity=0.9):
    """
    Write a realization as JSOC and NOAA would publish it: maps, synoptic frames and summaries.
    """
    first = start - 16 * u.day
    simulated = simulate_maps(first, 2 * days + 10, seed=seed, activity=activity)
    middle = simulated.maps[len(simulated.maps) // 2].date
    for item in simulated.maps:
        year = folder / "Phase_Maps" / item.date.strftime("%Y")
        year.mkdir(parents=True, exist_ok=True)
        publish_maps(year, [item])
    (folder / "frames").mkdir()
    for day in range(days):
        noon = Time(start.mjd + day + 0.5, format="mjd")
        meridian = sun.L0(noon).deg
        longitude, latitude = frame_nodes(meridian, SHAPE)
        age = (noon - middle).to_value(u.day)
        field = unsigned_field(simulated.sun, age, longitude, latitude, smoothing=1.0)
        name = noon.strftime("hmi.mldailysynframe_720s.%Y%m%d_120000_TAI.data.fits")
        write_frame(folder / "frames" / name, noon, field)
    for day in range(-15, days):
        write_summary(folder / "noaa", Time(start.mjd + day, format="mjd"), simulated.sun, middle)


def write_summary(folder, date, regions, middle):
    age = (date - middle).to_value(u.day)
    flux = regions.flux_on(age)
    longitude = (regions.longitude_on(age) - sun.L0(date).deg + 180) % 360 - 180
    rows = [
        f"{2000 + k} {location(lon, lat)}   000"
        for k, (lon, lat) in enumerate(zip(longitude, regions.latitude, strict=True))
        if flux[k] > 2e21 and abs(lon) < 88
    ]
    month = folder / date.strftime("%Y/%m")
    month.mkdir(parents=True, exist_ok=True)
    (month / date.strftime("%Y%m%dSRS.txt")).write_text(summary(date, rows))


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    paint(folder, START, DAYS, seed=5)
    return folder


def local_copy(archive, folder):
    """
    Copy the archive's files to the folders of a training set.
    """
    (folder / "phase_maps").mkdir(parents=True)
    for path in (archive / "Phase_Maps").rglob("*.fits"):
        shutil.copy(path, folder / "phase_maps" / path.name.replace(":", "_"))
    shutil.copytree(archive / "frames", folder / "frames")
    shutil.copytree(archive / "noaa", folder / "noaa")
    return folder


def run(folder, start=START, days=DAYS, **options):
    options = {"offline": True, "progress": False, "gap": GAP} | options
    return build_dataset(start, start + (days - 1) * u.day, folder, **options)


@pytest.fixture(scope="module")
def built(archive, tmp_path_factory):
    """
    Build a store without interruption.
    """
    folder = local_copy(archive, tmp_path_factory.mktemp("built") / "set")
    return run(folder)


def serve_with_noaa(archive, serve, monkeypatch):
    server = serve(archive)
    name = "{{year:4d}}/{{month:2d}}/{{year:4d}}{{month:2d}}{{day:2d}}SRS.txt"
    monkeypatch.setattr(SRSClient, "pattern", f"{server.url}noaa/{name}")
    return server


@pytest.fixture
def servers(archive, serve, monkeypatch):
    """
    Serve JSOC and NOAA on the loopback address, and replace JSOC's export.
    """
    server = serve_with_noaa(archive, serve, monkeypatch)
    requests = []

    def export(first, last, folder, email):
        requests.append((first, last, email))
        for path, time in dated_files(archive / "frames").items():
            if first <= time.mjd <= last:
                shutil.copy(path, folder)

    monkeypatch.setattr(fetch_module, "_export", export)
    return server, requests


def test_every_frame_has_its_sequence(built, archive):
    assert len(built) == DAYS
    assert built.left_out == []
    lag = (built.frame_dates.utc.mjd - built.dates.mjd).round(2)
    assert np.unique(lag).tolist() == [13.5]
    names = [(built.splits == name).sum() for name in ("training", "validation", "test", "")]
    assert min(names[:3]) >= 1
    assert sum(names) == DAYS


def test_sequences_are_those_of_the_files(built):
    folder = built.path.parent / "phase_maps"
    middle = built.dates[3]
    times = dated_files(folder)
    paths = [path for path, time in times.items() if abs((time - middle).to_value("d")) < 2.6]
    sequence = FarsideSequence([read_phase_map(path) for path in paths])
    assert_array_equal(built.cut(3, alignment="per_map"), sequence.data)
    assert_array_equal(built.cut(3), sequence.comoving_data)


def test_truth_is_where_the_frames_were_painted(built, archive):
    frame = fits.open(sorted((archive / "frames").iterdir())[4])
    meridian = frame[0].header["CRLN_OBS"]
    longitude, latitude = frame_nodes(meridian, SHAPE)
    seen = np.asarray(frame[0].data)[:, :120]
    frame.close()
    truth = built.truth(4)
    row, column = np.where(truth.data == 1)
    assert len(row)
    where = truth.pixel_to_world(column * u.pix, row * u.pix)
    # Active pixels lie on flux, within the width of the smoothing.
    for lon, lat in zip(where.lon.deg, where.lat.deg, strict=True):
        near = (np.abs(latitude[:, None] - lat) < 4) & (
            np.abs((longitude[:120] - lon + 180) % 360 - 180) < 4
        )
        assert seen[near].max() > 30
    known = np.isfinite(truth.data).all(axis=0)
    assert (~known).sum() in (2, 3)
    assert not known[:2].any()


def test_regions_that_emerged_on_the_near_side_are_blank(built, tmp_path, archive):
    whole = local_copy(archive, tmp_path / "set")
    everything = run(whole, regions={"distance": 180 * u.deg})
    count, more = ((store.active[:] == 1).sum() for store in (built, everything))
    assert 0 < count < more
    assert everything.settings["distance"] == "180.0 deg"
    assert built.settings["box"] == "[15. 12.] deg"
    none = run(whole, mask={"threshold": 1e6 * u.G})
    assert (none.active[:] == 1).sum() == 0


def test_fetched_or_from_folders_the_store_is_the_same(built, servers, tmp_path):
    server, requests = servers
    folder = tmp_path / "set"
    store = run(folder, offline=False, email="me@there.edu")
    assert store.path.read_bytes() == built.path.read_bytes()
    assert {email for *_, email in requests} == {"me@there.edu"}
    # No file is requested twice.
    before = sum(count for path, count in server.requests.items() if "." in path[-6:])
    asked = len(requests)
    run(folder, offline=False)
    after = sum(count for path, count in server.requests.items() if "." in path[-6:])
    assert (after, len(requests)) == (before, asked)
    # Synoptic frames are not needed once they are on the grid of the network.
    shutil.rmtree(folder / "frames")
    store = run(folder, offline=False)
    assert store.path.read_bytes() == built.path.read_bytes()
    assert len(requests) == asked


class Stop(BaseException):
    """
    Interruption by the user.
    """


@pytest.mark.parametrize(
    ("module", "name", "calls"),
    [
        pytest.param(build_module, "fetch_phase_maps", 0, marks=pytest.mark.slow),
        (fetch_module, "_export", 0),
        (fetch_module, "read_noaa_summary", 20),
        pytest.param(build_module, "near_side_field", 7, marks=pytest.mark.slow),
        pytest.param(build_module, "cut_globe", 30, marks=pytest.mark.slow),
        (build_module, "active_mask", 11),
        pytest.param(build_module, "split_pairs", 0, marks=pytest.mark.slow),
    ],
)
def test_interrupted_and_resumed(built, servers, tmp_path, monkeypatch, module, name, calls):
    whole = getattr(module, name)
    left = [calls]

    def stops(*args, **kwargs):
        left[0] -= 1
        if left[0] < 0:
            raise Stop
        return whole(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(module, name, stops)
        with pytest.raises(Stop):
            run(tmp_path / "set", offline=False, email="me@there.edu")
    assert not (tmp_path / "set" / "dataset.h5").exists()
    store = run(tmp_path / "set", offline=False, email="me@there.edu")
    assert store.path.read_bytes() == built.path.read_bytes()


KILL = """
import os, sys
from astropy.utils import iers
iers.conf.auto_download = False
import astropy.units as u
import sunpy_farside.datasets.build as build
whole, left = build.{name}, [{calls}]
def dies(*args, **kwargs):
    left[0] -= 1
    if left[0] < 0:
        os._exit(9)
    return whole(*args, **kwargs)
build.{name} = dies
build.build_dataset({start!r}, {end!r}, {folder!r}, offline=True, progress=False, gap={gap} * u.day)
"""


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        pytest.param("near_side_field", 7, marks=pytest.mark.slow),
        pytest.param("cut_globe", 30, marks=pytest.mark.slow),
        ("active_mask", 11),
    ],
)
def test_killed_and_resumed(built, archive, tmp_path, name, calls):
    folder = local_copy(archive, tmp_path / "set")
    end = START + (DAYS - 1) * u.day
    code = KILL.format(
        name=name, calls=calls, start=START.isot, end=end.isot, folder=str(folder), gap=GAP.value
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 9
    assert not (folder / "dataset.h5").exists()
    store = run(folder)
    assert store.path.read_bytes() == built.path.read_bytes()
    # Half-written files are removed, too.
    assert not list(folder.rglob(".partial-*"))


def test_more_days_are_added(built, archive, tmp_path):
    folder = local_copy(archive, tmp_path / "set")
    run(folder, days=19)
    assert run(folder).path.read_bytes() == built.path.read_bytes()


def test_what_is_broken_or_missing_is_left_out_and_listed(archive, tmp_path):
    folder = local_copy(archive, tmp_path / "set")
    maps = sorted((folder / "phase_maps").iterdir())
    maps[3].write_bytes(maps[3].read_bytes()[:5000])
    maps[-1].unlink()
    shutil.copy(maps[5], maps[5].with_name(maps[5].name.replace("00_00.fits", "30_00.fits")))
    (folder / "phase_maps" / "map.fits").touch()
    frames = sorted((folder / "frames").iterdir())
    frames[8].write_text("<html>")
    for path in sorted(folder.glob("noaa/*/*/*SRS.txt"))[-4:]:
        path.unlink()
    store = run(folder)
    reasons = dict(store.left_out)
    assert "expected a FITS file" in reasons[maps[3].name]
    assert reasons["map.fits"] == "no phase map by its name"
    assert list(reasons.values()).count("not at 00 or 12 UT") == 1
    assert "FITS" in reasons[frames[8].name]
    missing = [reason for reason in reasons.values() if reason.startswith("no map of")]
    # The third map is in two sequences, the last in one.
    assert len(missing) == 3
    assert sum("solar region summary" in reason for reason in reasons.values()) == 2
    assert len(store) == DAYS - 1 - 3 - 2
    # The location of a training set does not matter.
    assert str(tmp_path) not in str(store.left_out)
    moved = shutil.move(folder, tmp_path / "elsewhere")
    assert run(moved).path.read_bytes() == (moved / "dataset.h5").read_bytes()


def test_frames_that_came_anew_replace_their_fields(archive, tmp_path):
    folder = local_copy(archive, tmp_path / "set")
    assert reduce_frames(folder, progress=False) == []
    source = sorted((folder / "frames").iterdir())[0]
    field = folder / "fields" / source.name
    before = field.read_bytes()
    noon = Time(START.mjd + 0.5, format="mjd")
    source.unlink()
    write_frame(source, noon, np.full(SHAPE, 7.0))
    later = field.stat().st_mtime + 10
    os.utime(source, (later, later))
    reduce_frames(folder, progress=False)
    assert field.read_bytes() != before


def test_broken_downloads_are_left_out(archive, servers, tmp_path, monkeypatch):
    server, _ = servers
    bad = [START.strftime("/%Y%m%dSRS.txt"), "2014.05.03_00:00:00.fits"]

    def fault(handler, path):
        if path.endswith(tuple(bad)):
            handler.answer("<html>sorry</html>")
            return True
        return False

    server.fault = fault
    with pytest.warns(SunpyUserWarning) as said:
        store = run(tmp_path / "set", offline=False, email="me@there.edu")
    messages = " ".join(str(item.message) for item in said)
    assert "Could not read 1 phase maps of the archive" in messages
    assert "20140518SRS.txt: expected a solar region summary" in messages
    assert not list((tmp_path / "set").rglob("20140518SRS.txt"))
    # The map belongs to the first sequence alone; the day's regions are those of the day before.
    assert len(store) == DAYS - 1


def test_archives_that_fail(archive, servers, tmp_path, monkeypatch):
    server, _ = servers
    monkeypatch.setattr("sunpy_farside.utils.transfer.PAUSE", 0.01)

    def fault(handler, path):
        if path.endswith("2014.05.03_00:00:00.fits"):
            handler.answer("", status=404)
            return True
        return False

    server.fault = fault
    with pytest.raises(ConnectionError, match="The next run fetches"):
        run(tmp_path / "set", offline=False, email="me@there.edu")
    server.fault = lambda handler, path: False
    with pytest.raises(ValueError, match=r"with email=, .* with offline=True"):
        run(tmp_path / "set", offline=False)


def test_nothing_is_asked_of_the_archive_where_all_maps_are(archive, tmp_path, only_loopback):
    folder = local_copy(archive, tmp_path / "set") / "phase_maps"
    times, before = sorted(dated_files(folder).values()), sorted(folder.iterdir())
    # Where nothing answers.
    url = "http://127.0.0.1:9/"
    fetch_module.fetch_phase_maps(times[0], times[-1], folder, url=url, progress=False)
    assert sorted(folder.iterdir()) == before
    before[3].unlink()
    with pytest.raises(ConnectionError):
        fetch_module.fetch_phase_maps(times[0], times[-1], folder, url=url, progress=False)


def test_jsoc_export_through_the_client_of_sunpy(tmp_path, monkeypatch):
    # Tests cannot reach the server. Check only the query.
    from sunpy.net.jsoc import JSOCClient

    asked = []

    class Files(list):
        errors = ()

    def search(self, *query):
        asked.append(query)
        return [1]

    def fetch(self, found, **options):
        return Files()

    monkeypatch.setattr(JSOCClient, "search", search)
    monkeypatch.setattr(JSOCClient, "fetch", fetch)
    days = Time(["2014-05-01", "2014-06-10"])
    fetch_module.fetch_frames(*days, tmp_path, email="me@there.edu", progress=False)
    spans = [(query[0].start.isot[:16], query[0].end.isot[:16]) for query in asked]
    assert spans == [
        ("2014-05-01T09:36", "2014-05-28T14:24"),
        ("2014-05-29T09:36", "2014-06-10T14:24"),
    ]
    assert asked[0][1].value == "hmi.Mldailysynframe_720s"
    assert asked[0][2].value == "me@there.edu"

    Files.errors = [type("Error", (), {"exception": "refused"})()]
    with pytest.raises(ConnectionError, match="refused The next run continues here"):
        fetch_module.fetch_frames(*days, tmp_path, email="me@there.edu", progress=False)

    def fails(self, *query):
        msg = "email not registered"
        raise ValueError(msg)

    monkeypatch.setattr(JSOCClient, "search", fails)
    with pytest.raises(ConnectionError, match=r"Check that me@there.edu is registered"):
        fetch_module.fetch_frames(*days, tmp_path, email="me@there.edu", progress=False)


def test_nothing_to_build_from(archive, tmp_path):
    with pytest.raises(FileNotFoundError, match="expected phase maps of 2014-05-02"):
        run(tmp_path / "empty")
    folder = local_copy(archive, tmp_path / "set")
    with pytest.raises(ValueError, match="an end after the start"):
        run(folder, days=0)
    shutil.rmtree(folder / "noaa")
    with pytest.raises(FileNotFoundError):
        run(folder)
    shutil.copytree(archive / "noaa", folder / "noaa")
    for path in sorted((folder / "phase_maps").iterdir())[::9]:
        path.unlink()
    with pytest.raises(ValueError, match="found none among 26 magnetograms and 55 maps"):
        run(folder)
    shutil.rmtree(folder / "frames")
    shutil.rmtree(folder / "fields")
    with pytest.raises(FileNotFoundError, match="expected fields of 2014-05-18"):
        run(folder)


def test_command(built, archive, tmp_path, capsys):
    folder = local_copy(archive, tmp_path / "set")
    options = ["--start", "2014-05-18", "--end", "2014-06-12", "--output", str(folder)]
    assert main(["build-dataset", *options, "--offline", "--gap", "0"]) == 0
    said = capsys.readouterr().out
    assert "26 sequences" in said
    assert "dataset.h5" in said
    assert (folder / "dataset.h5").read_bytes() == built.path.read_bytes()
    assert main(["build-dataset", *options, "--offline"]) == 1
    assert "found 25 days" in capsys.readouterr().err
    ranges = ["--validation", "2014-05-05", "2014-05-06", "--test", "2014-05-20", "2014-05-24"]
    assert main(["build-dataset", *options, "--offline", "--gap", "0", *ranges]) == 0
    assert (Store(folder / "dataset.h5").splits == "test").sum() == 5


TINY = Recipe(
    network={"architecture": "unet", "hidden": 2, "upsampling": "nearest"},
    normalization={"kind": "sequence"},
    target={"kind": "field", "level": 30.0},
    alignment="per_map",
    width=32,
    regions={"level": 0.01, "deblend": False},
    examples=24,
    batch=2,
    learning_rate=1e-2,
    schedule="constant",
    validation=8,
    patience=100,
    seed=1,
)


@lightning_warns
def test_a_network_learns_from_a_store_and_a_killed_run_ends_alike(built, tmp_path, monkeypatch):
    whole = fit(TINY, tmp_path / "whole", data=built.path, **QUIETLY)
    found = losses(tmp_path / "whole")
    assert found[-1] < found[0]

    calls = kill_at_step(monkeypatch, whole.steps - 1)
    with pytest.raises(RuntimeError, match="killed"):
        fit(TINY, tmp_path / "killed", data=built.path.parent, **QUIETLY)
    calls.clear()
    resumed = fit(TINY, tmp_path / "killed", data=built.path.parent, **QUIETLY)
    assert len(calls) < whole.steps - 1
    for key, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[key]), key


@lightning_warns
def test_a_run_begins_with_other_weights(built, tmp_path):
    recipe = replace(TINY, learning_rate=1e-9)
    first = fit(TINY, tmp_path / "first", data=built.path, **QUIETLY)
    start = trained_model(first, name="first", threshold=100.0)
    tuned = fit(recipe, tmp_path / "tuned", data=built.path, start=start, **QUIETLY)
    for key, value in dict(first.network.named_parameters()).items():
        assert torch.allclose(value, dict(tuned.network.named_parameters())[key], atol=1e-6), key
    wider = replace(TINY, network=TINY.network | {"hidden": 4})
    with pytest.raises(ValueError, match="Choose a recipe of the same network"):
        fit(wider, tmp_path / "wider", data=built.path, start=start, **QUIETLY)
    with pytest.raises(ValueError, match="at least one batch"):
        fit(replace(TINY, batch=1000), tmp_path / "more", data=built.path, **QUIETLY)


@lightning_warns
def test_the_command_begins_with_other_weights_and_notes_them(built, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "sunpy_farside.evaluation.calibration.calibrate_network",
        lambda path, *, data, **options: load_model(path, device="cpu"),
    )
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(
        'base = "felipe2019"\nwidth = 32\nexamples = 24\nbatch = 2\n[network]\n'
        'architecture = "unet"\nhidden = 2\n'
    )
    torch.manual_seed(1)
    start = FarsideModel(
        UNet(hidden=2), "first", "per_map", Normalization("sequence"), 100.0, torch.device("cpu")
    )
    save_model(start, tmp_path / "first.safetensors")
    command = ["train", "--recipe", recipe, "--data", built.path.parent, "--sun", "measured"]
    options = ["--start", tmp_path / "first.safetensors", "--accelerator", "cpu"]
    output = tmp_path / "run"
    assert main([*map(str, [*command, *options]), "--output", str(output)]) == 0
    notes = load_model(output / "weights.safetensors", device="cpu").metadata
    assert notes["start"] == "first"
    assert notes["data"] == f"dataset.h5, {built.path.stat().st_size} bytes"
    assert "sun = {'kind': 'measured'}" in notes["recipe"]


def test_evaluation_on_a_dataset(built, tmp_path, capsys):
    options = ["--data", str(built.path.parent), "--output", str(tmp_path / "report")]
    assert main(["evaluate", *options]) == 0
    assert "| seismic_strength |" in capsys.readouterr().out
    numbers = json.loads((tmp_path / "report" / "report.json").read_text())
    assert numbers["sequences"] == (built.splits == "test").sum()


def truth_size(data):
    return sum(np.isfinite(data.truth(index).data).sum() for index in range(len(data)))


@lightning_warns
@pytest.mark.slow
def test_four_months_end_to_end(serve, tmp_path, monkeypatch):
    archive, days = tmp_path / "archive", 120
    archive.mkdir()
    paint(archive, START, days, seed=6)
    serve_with_noaa(archive, serve, monkeypatch)
    shutil.copytree(archive / "frames", tmp_path / "set" / "frames")
    store = run(tmp_path / "set", days=days, offline=False, gap=27.3 * u.day)
    assert len(store) == days
    assert {"training", "validation", "test"} <= set(store.splits)
    recipe = replace(TINY, width=120, examples=120)
    fit(recipe, tmp_path / "run", data=store.path, **QUIETLY)
    found = losses(tmp_path / "run")
    assert len(found) >= 2
    assert found[-1] < found[0]
    # Far-side maps show what the near side shows later: active pixels are darker, and the network
    # of the package, which knows simulated maps, finds them.
    test = StoredSequences(store.path, "test")
    phases, active = map(torch.cat, zip(*test, strict=True))
    assert phases[:, 5][active == 1].nanmean() < phases[:, 5][active == 0].nanmean() - 0.01
    result = evaluate_stored({"default": "default"}, store.path, progress=False)
    pixels = result.pixels["default"]
    assert pixels.active.sum() / pixels.number.sum() > 2 * pixels.known / truth_size(test)
    with h5py.File(store.path) as file:
        assert file["phases"].shape == (2 * days + 10, 144, 360)
