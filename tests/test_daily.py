"""
The run of a day, on an archive that grows, fails and corrects its maps.
"""

import logging
import os
import shlex
import sqlite3
import stat
import sys
from argparse import Namespace
from collections import Counter
from contextlib import closing

import numpy as np
import pytest
from archive_files import region_list
from catalog_store import stored
from map_files import published_name, save_map, save_maps, saved_path
from reference_unet import small_model

import astropy.units as u
from astropy.io import fits
from astropy.time import Time

from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside.catalog import Catalog, daily_run, update
from sunpy_farside.catalog.alerts import Alert, append_to_feed, give_alerts, run_command
from sunpy_farside.catalog.daily_run import run_day
from sunpy_farside.catalog.database import Database
from sunpy_farside.catalog.names import names_of_tracks
from sunpy_farside.cli import daily as command
from sunpy_farside.cli import main
from sunpy_farside.cli.bulletin_day import day_of_run
from sunpy_farside.detection import detect_farside
from sunpy_farside.errors import FarsideError, NewerFormatError
from sunpy_farside.io.folders import find_phase_maps
from sunpy_farside.io.locks import only_run
from sunpy_farside.network import save_model
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.simulation import simulate_maps

pytestmark = pytest.mark.usefixtures("quick_pictures", "only_loopback", "no_pause")

SINCE = "2022-05-01"
MODEL = small_model()


@pytest.fixture(scope="module")
def maps():
    return simulate_maps(SINCE, 14, seed=4).maps


@pytest.fixture
def archive(tmp_path):
    folder = tmp_path / "archive"
    (folder / "Phase_Maps" / "2022").mkdir(parents=True)
    (folder / "AR_Lists").mkdir()
    return folder


@pytest.fixture
def publish(archive):
    def publish(maps, factor=1):
        for item in maps:
            path = archive / "Phase_Maps" / "2022" / published_name(item.date)
            fits.PrimaryHDU(item.data * np.float32(factor)).writeto(path, overwrite=True)

    return publish


@pytest.fixture
def output(tmp_path):
    return tmp_path / "daily"


def run(output, **kwargs):
    return run_day(output, model=MODEL, **{"since": SINCE} | kwargs)


def dates(result):
    return [date.isot[5:13] for date in result.new]


@pytest.fixture
def counted(monkeypatch):
    """
    Count the listings of folders and the sequences in which regions are detected.
    """
    counts = Counter()

    def find(*args):
        counts["listings"] += 1
        return find_phase_maps(*args)

    def detect(sequences, model):
        if isinstance(sequences, FarsideSequence):
            counts["sequences"] += 1
            return detect_farside(sequences, model)
        sequences = list(sequences)
        counts["sequences"] += len(sequences)
        return detect_farside(sequences, model)

    monkeypatch.setattr(daily_run, "find_phase_maps", find)
    for module in (daily_run, update):
        monkeypatch.setattr(module, "detect_farside", detect)
    return counts


def test_a_run_lists_its_folder_once_and_detects_once(output, counted, maps):
    folder = output / "maps"
    folder.mkdir(parents=True)
    save_maps(folder, maps[:12])
    first = run(output, offline=True)
    assert counted == {"listings": 1, "sequences": 2}
    # Nothing is new, but the bulletin shows the image of the latest date.
    again = run(output, offline=True)
    assert counted == {"listings": 2, "sequences": 3}
    assert again.new == []
    for method in ("network", "sar"):
        image, before = again.latest[method].image, first.latest[method].image
        assert image.date == before.date
        assert np.array_equal(image.data, before.data, equal_nan=True)
    # A corrected map of an earlier date alone.
    save_map(folder, maps[0], 1.5)
    with pytest.warns(SunpyUserWarning, match="other maps: 1"):
        corrected = run(output, offline=True)
    assert dates(corrected) == ["05-03T12"]
    assert corrected.latest["network"].date.isot[5:13] == "05-04T00"


def test_a_folder_is_of_one_product(output, archive, maps, publish, serve, tmp_path, capsys):
    server = serve(archive)
    publish(maps[:11])
    run(output)
    server.requests.clear()
    before = stored(output)
    with pytest.raises(FarsideError, match=r"expected maps of phase_map, .* found maps of gong"):
        run(output, product="gong")
    # Nothing was fetched or changed.
    assert (len(server.requests), stored(output)) == (0, before)
    save_model(MODEL, tmp_path / "small.safetensors")
    line = ["--output", str(output), "--model", str(tmp_path / "small.safetensors")]
    assert main(["daily", *line, "--product", "time_distance", "--offline"]) == 1
    assert "found maps of time_distance. Choose those maps, or another" in capsys.readouterr().err
    other = tmp_path / "gong"
    other.mkdir()
    for item in maps[:11]:
        save_map(other, item, name="mrfqo%y%m%dt%H%M.fits")
    assert main(["watch", str(other), *line]) == 1
    assert "found maps of gong. Choose those maps, or another" in capsys.readouterr().err


def test_only_what_is_new_is_fetched_and_made(output, archive, maps, publish, serve):
    server = serve(archive)
    publish(maps[:12])
    first = run(output)
    assert dates(first) == ["05-03T12", "05-04T00"]
    assert first.notes == ()
    assert [date.isot[:13] for date in first.used][::10] == ["2022-05-01T12", "2022-05-06T12"]
    assert set(first.latest) == {"network", "sar"}
    before = stored(output)
    server.requests.clear()
    again = run(output)
    assert again.new == []
    assert stored(output) == before
    # The archive may have corrected maps of the last five days.
    assert sum(path.endswith(".fits") for path in server.requests) == 11
    publish(maps[12:])
    assert dates(run(output)) == ["05-04T12", "05-05T00"]
    # The next run needs no date.
    assert run(output, since=None, offline=True).new == []


def test_a_correction_in_the_archive_is_noticed(output, archive, maps, publish, serve):
    serve(archive)
    publish(maps[:12])
    run(output)
    publish(maps[11:12], 1.5)
    with pytest.warns(SunpyUserWarning, match="other maps: 1"):
        assert dates(run(output)) == ["05-04T00"]
    statuses = [source["status"] for source in Catalog(output).sources("2022-05-04")]
    assert statuses == ["superseded", "current"] * 2


def published_on(archive, date):
    """
    Set the date of the last change of all files in the archive.
    """
    for path in archive.rglob("*.*"):
        os.utime(path, (Time(date).unix,) * 2)


def test_a_correction_of_an_earlier_map_is_noticed_by_its_date(
    output, archive, maps, publish, serve
):
    """
    The listing has the dates of the last changes of files.
    """
    server = serve(archive, "apache")
    publish(maps)
    published_on(archive, "2022-05-10")
    name, text = region_list(maps[0].date, 120, 10)
    (archive / "AR_Lists" / name).write_text(text)
    assert len(run(output).new) == 4
    server.requests.clear()
    assert run(output).new == []
    # Nothing before the last five days.
    first = published_name(maps[0].date)
    assert not [path for path in server.requests if path.endswith(first)]
    publish(maps[:1], 1.5)
    with pytest.warns(SunpyUserWarning, match="other maps: 1"):
        assert dates(run(output)) == ["05-03T12"]
    # Half a day later, whatever the time zone of the server, it is not fetched any more.
    published_on(archive, Time.now() - 13 * u.hour)
    server.requests.clear()
    assert run(output).new == []
    assert not [path for path in server.requests if path.endswith(first)]


def test_missing_maps_are_named(output, archive, maps, publish, serve):
    serve(archive)
    publish([*maps[:2], *maps[3:]])
    result = run(output)
    assert dates(result) == ["05-05T00"]
    assert [date.isot[:13] for date in result.missing] == ["2022-05-02T00"]
    assert "05-04T00" in dates(run(output, missing=1))


def test_later_runs_go_on_from_the_latest_detection(output, archive, maps, publish, serve):
    """
    Without a date, a run begins 14 days before the latest detection, years ago.
    """
    serve(archive)
    publish(maps[:11])
    run(output)
    publish(maps[11:12])
    assert dates(run(output, since=None)) == ["05-04T00"]
    # A catalog that does not read is made again from the maps, but has no latest detection.
    (output / "catalogue.db").write_bytes(b"no database" * 100)
    for path in output.glob("catalogue.db-*"):
        path.unlink()
    publish(maps[12:13])
    with pytest.warns(SunpyUserWarning, match="kept as catalogue.damaged.db"):
        assert dates(run(output, since=None)) == ["05-03T12", "05-04T00"]
    with closing(sqlite3.connect(output / "catalogue.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(NewerFormatError, match="Update sunpy_farside"):
        run(output, since=None)


def test_a_latest_map_that_does_not_read_leaves_no_image(output, maps):
    folder = output / "maps"
    folder.mkdir(parents=True)
    save_maps(folder, maps[:12])
    saved_path(folder, maps[11]).write_bytes(b"SIMPLE")
    with pytest.warns(SunpyUserWarning, match="2022-05-04T00:00 has no result"):
        result = run(output, offline=True)
    # The image of an earlier date is not that of the latest maps.
    assert (dates(result), result.latest) == (["05-03T12"], {})
    save_map(folder, maps[11])
    assert set(run(output, offline=True).latest) == {"network", "sar"}
    saved_path(folder, maps[11]).write_bytes(b"SIMPLE")
    with pytest.warns(SunpyUserWarning, match="made again|has no result"):
        result = run(output, offline=True)
    assert (result.new, result.latest) == ([], {})


def test_lists_that_do_not_read_are_notes(output, maps, tmp_path):
    (output / "lists").mkdir(parents=True)
    (output / "lists" / "AR_LIST_2022.05.04_00_00_00.txt").write_text("Not found")
    (tmp_path / "20220509SRS.txt").write_text("Not found")
    result = run(output, offline=True, noaa=tmp_path)
    assert [result.region_list, result.summary] == [None, None]
    first, second = result.notes
    assert "AR_LIST_2022.05.04" in first
    assert "20220509SRS.txt" in second


def test_an_outage_is_a_note(output, archive, maps, publish, serve):
    server = serve(archive)
    publish(maps[:11])
    run(output)
    publish(maps[11:12])
    server.fault = lambda handler, _: handler.answer("Down.", status=503) or True
    result = run(output)
    assert result.new == []
    assert len(result.notes) == 2
    assert "Phase_Maps" in result.notes[0]
    server.fault = lambda *_: False
    assert dates(run(output)) == ["05-04T00"]


def test_a_file_that_is_broken_in_the_archive_is_a_note(output, archive, maps, publish, serve):
    serve(archive)
    publish(maps[:12])
    broken = archive / "Phase_Maps" / "2022" / published_name(maps[0].date)
    whole = broken.read_bytes()
    broken.write_bytes(b"<html>Not found</html>")
    result = run(output)
    assert dates(result) == ["05-04T00"]
    (note,) = result.notes
    assert "2022.05.01_00:00:00.fits" in note
    broken.write_bytes(whole)
    assert dates(run(output)) == ["05-03T12"]
    # A file that is broken later does not replace the one that was fetched.
    broken = archive / "Phase_Maps" / "2022" / published_name(maps[11].date)
    broken.write_bytes(b"<html>Not found</html>")
    result = run(output)
    assert (len(result.notes), result.new) == (1, [])


def test_names_of_others_hold_for_the_whole_track(
    output, archive, maps, publish, serve, tmp_path, capsys
):
    serve(archive)
    publish(maps[:12])
    run(output)
    tracks = Catalog(output).tracks["sar"].tracks
    track = tracks[tracks["n_detections"] == 2][0]
    place = track["latest_position"]
    # The list of the last map of the second detection.
    name, text = region_list(maps[11].date, place.lon.deg, place.lat.deg)
    (archive / "AR_Lists" / name).write_text(text)
    result = run(output)
    assert result.notes == ()
    assert result.region_list["designation"].tolist() == ["FS-2022-025"]
    assert int(np.sum(result.compared["sar"]["outcome"] == "matched")) == 1
    assert result.region_list["designation"].tolist() == ["FS-2022-025"]
    summaries = tmp_path / "noaa"
    summaries.mkdir()
    (summaries / "20220509SRS.txt").write_text(
        ":Product: 0509SRS.txt\n:Issued: 2022 May 09 0030 UTC\n"
        "I.  Regions with Sunspots.  Locations Valid at 08/2400Z\n"
        "Nmbr Location  Lo  Area  Z   LL   NN Mag Type\nNone\n"
        "IA. H-alpha Plages without Spots.  Locations Valid at 08/2400Z May\n"
        "Nmbr  Location  Lo\nNone\n"
        "II. Regions Due to Return 09 May to 11 May\nNmbr Lat    Lo\n"
        f"3014 {'S' if place.lat < 0 else 'N'}{abs(place.lat.deg):02.0f}    {place.lon.deg:03.0f}\n"
    )
    result = run(output, noaa=summaries)
    assert result.summary["number"].tolist() == [13014]
    with Database.opened(output) as database:
        names = names_of_tracks(database, "sar")
    names = names[names["designation"] == track["designation"]]
    assert names["source"].tolist() == ["JSOC", "NOAA"]
    assert names["name"].tolist() == ["FS-2022-025", "13014"]
    # The name came with the second date, and the region was detected on the first.
    assert names["first"].tolist() == ["2022-05-03T12:00:00.000"] * 2
    # The bulletin and the command name them, too.
    designation = str(track["designation"])
    day = day_of_run(result, current=False)
    assert day.names[designation] == f"{designation} (NOAA 13014, FS-2022-025)"
    assert main(["track", str(output), "--method", "sar", "--all"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if designation in line)
    assert line.split()[-2:] == ["13014", "FS-2022-025"]


def test_the_command(output, archive, maps, publish, serve, tmp_path, capsys):
    server = serve(archive)
    save_model(MODEL, tmp_path / "small.safetensors")
    line = ["daily", "--output", str(output), "--model", str(tmp_path / "small.safetensors")]
    line += ["--since", SINCE, "--device", "cpu"]
    assert main(line) == 0
    assert capsys.readouterr().out.startswith("no maps of phase_map yet: looked for PHASE_MAP_")
    publish(maps[:11])
    assert main(line) == 0
    out, err = capsys.readouterr()
    assert out.startswith("1 new date up to 2022-05-03T12:00, ")
    assert out.endswith(f"{output / 'bulletin.html'}\n")
    assert err == ""
    assert (output / "bulletin.json").exists()
    # Another run at the same time, and an outage.
    with only_run(output):
        assert main(line) == 1
    assert "another one using it" in capsys.readouterr().err
    server.fault = lambda handler, _: handler.answer("Down.", status=503) or True
    assert main(line) == 1
    out, err = capsys.readouterr()
    assert out.startswith("0 new dates")
    assert err.startswith("sunpy-farside: 2 problems, see ")
    assert len(err.splitlines()) == 1
    log = (output / "daily.log").read_text()
    assert log.count(" ERROR ") == 1
    assert log.count(" WARNING ") == 2


def test_the_first_bulletin_offline(output, monkeypatch, capsys, tmp_path):
    save_model(MODEL, tmp_path / "small.safetensors")
    monkeypatch.setattr(command, "_DEMO_MAPS", 11)
    line = ["daily", "--demo", "--output", str(output), "--device", "cpu"]
    assert main([*line, "--model", str(tmp_path / "small.safetensors")]) == 0
    assert capsys.readouterr().out.startswith("1 new date up to 2022-05-03T12:00")
    assert (output / "bulletin.html").exists()
    assert "The maps are simulated, not observed." in (output / "bulletin.txt").read_text()
    # Observed maps do not come among them.
    assert main([*line[:1], *line[2:]]) == 1
    assert "simulated ones of --demo. Choose another output folder" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["file", "file/folder"])
def test_an_output_that_cannot_be_written_is_one_line(place, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["daily", "--offline", "--output", str(tmp_path / place)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "expected a folder that can be written, found that it cannot (" in line


def test_a_full_disk_is_one_line(output, maps, tmp_path, monkeypatch, capsys):
    """
    Nothing can be written any more, neither to the catalog nor to the log.
    """
    folder = output / "maps"
    folder.mkdir(parents=True)
    save_maps(folder, maps[:11])
    save_model(MODEL, tmp_path / "small.safetensors")
    line = ["daily", "--offline", "--output", str(output), "--device", "cpu"]
    line += ["--model", str(tmp_path / "small.safetensors")]
    assert main(line) == 0
    before = stored(output)
    save_map(folder, maps[11])
    connect = sqlite3.connect

    def connect_small(*args, **kwargs):
        connection = connect(*args, **kwargs)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    def emit(handler, record):
        try:
            raise OSError(28, "No space left on device")
        except OSError:
            handler.handleError(record)

    capsys.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect_small)
        patch.setattr(logging.StreamHandler, "emit", emit)
        assert main(line) == 1
    (line_of_error,) = capsys.readouterr().err.splitlines()
    assert "database or disk is full" in line_of_error
    assert f"{output / 'catalogue.db'}: expected a catalog that can be" in line_of_error
    assert stored(output) == before
    # The next run goes on.
    assert main(line) == 0
    assert capsys.readouterr().out.startswith("1 new date up to 2022-05-04")


@pytest.fixture
def persistent(output, archive, maps, publish, serve, monkeypatch):
    """
    Track two dates, after which every region is persistent.
    """
    serve(archive)
    publish(maps[:12])
    run(output)
    with Database.opened(output, write=True) as database:
        database.connection.execute("UPDATE tracks SET persistent = 1, reliability = 0.9")
    return Catalog(output).tracks["network"].tracks


def test_alerts_are_given_once(output, persistent):
    given = []
    arrival = persistent["east_limb_arrival"].min()
    now = arrival - 2 * u.day
    number = np.sum(np.abs((persistent["east_limb_arrival"] - now).to_value(u.day) - 1.5) <= 1.5)
    options = {"within": 3, "reliability": 0.8, "now": now}
    assert give_alerts(output, given.append, **options) == len(persistent) + number
    assert {alert.kind for alert in given} == {"new", "arrival"}
    assert given[0].text.startswith(f"New region {given[0].designation}, reliability 0.90, east ")
    assert give_alerts(output, given.append, **options) == 0
    assert give_alerts(output, given.append, reliability=0.95, now=now) == 0


def test_a_region_that_has_come_round_is_not_announced(output, persistent):
    given = []
    options = {"within": 30, "reliability": 0.8}
    last = persistent["east_limb_arrival"].max()
    assert give_alerts(output, given.append, now=last + 1 * u.hour, **options) == 0
    give_alerts(output, given.append, now=last - 1 * u.hour, **options)
    latest = persistent["designation"][np.argmax(persistent["east_limb_arrival"].mjd)]
    assert [(alert.designation, alert.kind) for alert in given] == [
        (latest, "new"),
        (latest, "arrival"),
    ]


def test_an_alert_that_fails_is_given_again(output, persistent):
    def fail(_):
        msg = "no connection"
        raise RuntimeError(msg)

    now = Time("2022-05-07")
    with pytest.raises(RuntimeError, match="no connection"):
        give_alerts(output, fail, reliability=0.8, now=now)
    given = []
    assert give_alerts(output, given.append, reliability=0.8, now=now) == len(persistent)


def test_alerts_go_to_the_feed_and_the_log(output, persistent):
    options = Namespace(alert=None, alert_new=0.8, alert_command=None)
    with command._logged(output) as log:
        number = "1 alert" if len(persistent) == 1 else f"{len(persistent)} alerts"
        assert command._alert(output, Time("2022-05-07"), options, log) == f", {number}"
    assert (output / "alerts.atom").read_text().count("<entry>") == len(persistent)
    assert (output / "daily.log").read_text().count("New region") == len(persistent)
    told = output / "told"
    code = f"import pathlib, sys; pathlib.Path({str(told)!r}).write_text(sys.argv[1])"
    options = Namespace(
        alert=30, alert_new=None, alert_command=shlex.join([sys.executable, "-c", code])
    )
    now = persistent["east_limb_arrival"].min() - 1 * u.day
    with command._logged(output) as log:
        command._alert(output, now, options, log)
    assert "comes round the east limb" in told.read_text()


def test_the_feed(tmp_path):
    path = tmp_path / "alerts.atom"
    path.write_text("no feed")
    for number in range(103):
        append_to_feed(path, Alert(f"NN{number}", "new", f"Region {number} & more"))
    text = path.read_text()
    assert text.count("<entry>") == 100
    assert text.index("Region 102 &amp; more") < text.index("Region 101 &amp; more")
    assert '<feed xmlns="http://www.w3.org/2005/Atom">' in text


def test_the_command_of_an_alert(tmp_path):
    script = tmp_path / "tell me.py"
    script.write_text("import pathlib, sys\npathlib.Path(sys.argv[1]).write_text(sys.argv[2])\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    told = tmp_path / "told"
    alert = Alert("NN1", "new", "New region; $HOME")
    run_command(f"'{sys.executable}' '{script}' '{told}'", alert)
    assert told.read_text() == "New region; $HOME"
    with pytest.raises(RuntimeError, match="given again the next time"):
        run_command(f"'{sys.executable}' nowhere", alert)
