"""
Fixtures and options of all the tests.
"""

import asyncio
import os
import socket
import threading
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from archive_files import write_archive
from archive_server import ArchiveServer
from hypothesis import settings
from map_files import publish_maps, stand_in_picture

from astropy.utils import iers

from sunpy_farside import detect_farside, simulate_sequence
from sunpy_farside.catalog import update
from sunpy_farside.simulation import simulate_maps
from sunpy_farside.utils import transfer

# Machines differ in speed: timing is for the benchmarks. The same examples every time, so that what
# fails is the change at hand; HYPOTHESIS_PROFILE=explore draws others.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

REAL_DATA_VARIABLE = "SUNPY_FARSIDE_TEST_DATA"


@pytest.fixture(autouse=True, scope="session")
def _no_network():
    with iers.conf.set_temp("auto_download", False):
        yield


@pytest.fixture(scope="session")
def real_data():
    """
    Return the folder of real maps, lists and tables, which are not part of the project.
    """
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get(REAL_DATA_VARIABLE, beside))
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is absent and {REAL_DATA_VARIABLE} names none")
    return folder


@pytest.fixture(scope="session")
def simulated():
    """
    Simulate eleven maps with known regions.
    """
    return simulate_sequence("2022-05-05", seed=2)


@pytest.fixture(scope="session")
def maps():
    """
    Simulate thirteen consecutive maps: three sequences.
    """
    return simulate_maps("2022-05-01", 13, seed=7).maps


@pytest.fixture(scope="session")
def detection(simulated):
    return detect_farside(simulated.sequence, device="cpu")


@pytest.fixture(scope="session")
def jsoc_files(tmp_path_factory, simulated):
    """
    Write eleven simulated maps as JSOC publishes them: with structural cards alone.
    """
    folder = tmp_path_factory.mktemp("jsoc")
    publish_maps(folder, simulated.sequence.maps)
    return sorted(folder.iterdir())


@pytest.fixture
def archive(tmp_path):
    return write_archive(tmp_path / "archive")


@pytest.fixture
def output(tmp_path):
    return tmp_path / "output"


@pytest.fixture
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def quick_pictures(monkeypatch):
    """
    Replace the pictures of the catalog, which take longer than everything else.
    """
    monkeypatch.setattr(update, "draw_date", stand_in_picture)


def pytest_collection_modifyitems(config, items):
    """
    Skip tests that take minutes or need the network, unless their marker is selected.
    """
    for marker in ("slow", "remote_data"):
        if marker in config.option.markexpr:
            continue
        skip = pytest.mark.skip(reason=f"asked for with -m {marker}")
        for item in items:
            if marker in item.keywords:
                item.add_marker(skip)


@pytest.fixture
def serve(monkeypatch):
    """
    Serve a folder as the archive: ``serve(folder, style="python")`` gives an `ArchiveServer`.
    """
    # parfive leaves the event loop of each download open. Collected in a server's thread it
    # would warn, because its signal handlers belong to the main thread.
    loops, new_loop = [], asyncio.new_event_loop

    def new_event_loop():
        loops.append(new_loop())
        return loops[-1]

    monkeypatch.setattr(asyncio, "new_event_loop", new_event_loop)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    servers = []

    def start(folder, style="python"):
        server = ArchiveServer(folder, style)
        # Requests are short. The interval at which the server checks for its end can be, too.
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        servers.append((server, thread))
        monkeypatch.setenv("SUNPY_FARSIDE_JSOC_URL", server.url)
        return server

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()
    for loop in loops:
        loop.close()


@pytest.fixture
def no_pause(monkeypatch):
    """
    Repeat failed requests without a pause.
    """
    monkeypatch.setattr(transfer, "PAUSE", 0.01)


@pytest.fixture
def only_loopback(monkeypatch):
    """
    Fail when anything connects to another address than 127.0.0.1, or resolves another host.
    """
    connect, getaddrinfo = socket.socket.connect, socket.getaddrinfo

    def check(host):
        if host not in ("127.0.0.1", "localhost"):
            msg = f"a request left the machine, for {host}"
            raise AssertionError(msg)

    def connect_checked(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            check(address[0])
        return connect(self, address)

    def getaddrinfo_checked(host, *args, **kwargs):
        check(host)
        return getaddrinfo(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", connect_checked)
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo_checked)
