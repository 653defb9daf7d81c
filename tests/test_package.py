import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import textwrap
from functools import cached_property

import pytest

from sunpy.util.exceptions import SunpyDeprecationWarning

import sunpy_farside


def test_import_is_light_and_registers_the_map_source():
    code = (
        "import sys, sunpy.map, sunpy.net; import sunpy_farside.cli; "
        "heavy = {'torch', 'photutils', 'lightning', 'sunpy_farside.detection'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules); "
        "from sunpy_farside import FarsidePhaseMap; "
        "assert FarsidePhaseMap in sunpy.map.Map.registry"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Modules that take a second each to import, and others of which only some commands have need.
HEAVY = {"aiohttp", "lightning", "matplotlib", "photutils", "sunpy.map", "sunpy.net", "torch"}


def loaded_by(command):
    """
    Run a command in an interpreter of its own, and return which heavy modules it loaded.
    """
    code = (
        "import atexit, sys; "
        f"sys.argv = ['sunpy-farside', *{command.split()!r}]; "
        f"atexit.register(lambda: print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)); "
        "from sunpy_farside.cli import main; "
        "sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ast.literal_eval(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("command", ["--help", "--version", "detect --help", "fetch --help"])
def test_help_loads_nothing_heavy(command):
    assert loaded_by(command) == set()


def test_info_loads_nothing_heavy(monkeypatch, tmp_path):
    monkeypatch.setenv("SUNPY_FARSIDE_CACHE", str(tmp_path))
    assert loaded_by("info") == set()


def test_fetch_loads_no_network(jsoc_files, monkeypatch, tmp_path):
    """
    The archive in the test is an address where nothing answers.
    """
    monkeypatch.setenv("SUNPY_FARSIDE_CACHE", str(tmp_path))
    command = "fetch 2022-05-01 2022-05-02 --url http://127.0.0.1:9/"
    with pytest.raises(subprocess.CalledProcessError) as failure:
        loaded_by(command)
    loaded = ast.literal_eval(failure.value.stderr.splitlines()[-1])
    assert loaded == ["aiohttp", "matplotlib", "sunpy.map", "sunpy.net"]


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_detection_in_files_loads_no_map_and_no_client(jsoc_files, form):
    found = loaded_by(f"detect {jsoc_files[0].parent} --format {form}")
    assert found == {"photutils", "torch"}


@pytest.mark.parametrize("name", ["sunpy-farside", "python"])
def test_the_interpreter_is_left_to_users(name):
    """
    Only the command, whose process is its own, changes the settings of the interpreter.
    """
    code = (
        f"import gc, sys; sys.argv = ['{name}']; "
        "settings = lambda: (gc.get_threshold(), sys.getswitchinterval()); before = settings(); "
        "import sunpy_farside.cli; print(settings() == before, gc.isenabled())"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert done.stdout.split() == [str(name == "python").encode(), b"True"]


@pytest.mark.parametrize(
    "command",
    [
        "simulate 2022-05-01 2 --output simulated",
        "demo --output demo",
        "info",
    ],
)
def test_commands_run_alone(command, tmp_path):
    """
    Run each command in an interpreter of its own, without other imports.
    """
    run = [sys.executable, "-m", "sunpy_farside", *command.split()]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr


def test_every_table_can_be_written_alone(tmp_path):
    code = (
        "import sunpy_farside; "
        "sunpy_farside.simulate_maps('2022-05-01', 1, seed=1).regions('2022-05-01')"
        ".write('regions.ecsv')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert (tmp_path / "regions.ecsv").exists()


def test_every_public_name_is_there_and_explained():
    for name in sunpy_farside.__all__:
        assert getattr(sunpy_farside, name).__doc__.strip()
        assert name in dir(sunpy_farside)


def modules():
    names = (info.name for info in pkgutil.walk_packages(sunpy_farside.__path__, "sunpy_farside."))
    return [name for name in names if not name.endswith("__main__")]


def public_objects():
    """
    Yield everything in the ``__all__`` of every module, and the public methods of classes.
    """
    for path in modules():
        module = importlib.import_module(path)
        for name in getattr(module, "__all__", []):
            item = getattr(module, name)
            yield f"{path}.{name}", item
            if not inspect.isclass(item) or not item.__module__.startswith("sunpy_farside"):
                continue
            for key, member in vars(item).items():
                if not key.startswith("_") and (callable(member) or isinstance(member, property)):
                    yield f"{path}.{name}.{key}", member


def test_nothing_public_is_unexplained():
    items = [pair for pair in public_objects() if callable(pair[1]) or inspect.isclass(pair[1])]
    assert len(items) > 50
    assert [name for name, item in items if not (inspect.getdoc(item) or "").strip()] == []


def test_no_docstring_holds_what_should_have_been_filled_in():
    items = [*public_objects(), *((path, importlib.import_module(path)) for path in modules())]
    # Formulas and names of files have braces of their own.
    hole = re.compile(r"\{[a-z]+(_[a-z]+)+\}")
    assert [name for name, item in items if hole.search(inspect.getdoc(item) or "")] == []


def test_functions_that_users_call_have_examples():
    without = [
        name
        for name in sunpy_farside.__all__
        if "Error" not in name and ">>>" not in getattr(sunpy_farside, name).__doc__
    ]
    assert without == []


def own_functions():
    for name in sunpy_farside.__all__:
        item = getattr(sunpy_farside, name)
        if not inspect.isclass(item):
            yield name, item
            continue
        for key in vars(item):
            # Methods that override those of sunpy are documented there.
            inherited = any(hasattr(base, key) for base in item.__mro__[1:])
            member = getattr(item, key)
            function = inspect.isroutine(member) and not isinstance(member, cached_property)
            if not key.startswith("_") and not inherited and function:
                yield f"{name}.{key}", member


def test_functions_say_what_they_take_give_and_raise():
    functions = dict(own_functions())
    assert len(functions) > 20
    gaps = []
    for name, function in functions.items():
        doc = inspect.getdoc(function)
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
        nodes = list(ast.walk(tree))
        needed = {
            "Parameters": set(inspect.signature(function).parameters) - {"self"},
            "Returns": any(isinstance(node, ast.Return) and node.value for node in nodes),
            "Raises": any(isinstance(node, ast.Raise) for node in nodes),
        }
        gaps += [
            f"{name}: {part}" for part, is_ in needed.items() if is_ and f"{part}\n-" not in doc
        ]
    assert gaps == []


ROOMS = ("catalog", "coordinates", "detection", "io", "network", "simulation", "visualization")


def public_functions():
    """
    Yield the functions and methods of the package's and the subpackages' public classes.
    """
    for room in ("sunpy_farside", *(f"sunpy_farside.{room}" for room in ROOMS)):
        module = importlib.import_module(room)
        for name in getattr(module, "__all__", dir(module)):
            item = getattr(module, name)
            if inspect.isfunction(item):
                yield item
            elif inspect.isclass(item) and item.__module__.startswith("sunpy_farside"):
                for key, member in vars(item).items():
                    function = getattr(member, "fget", getattr(member, "__func__", member))
                    if not key.startswith("_") and inspect.isfunction(function):
                        yield function


def test_public_functions_are_annotated():
    functions = {item for item in public_functions() if item.__module__.startswith("sunpy_farside")}
    assert len(functions) > 60
    gaps = []
    for function in functions:
        signature = inspect.signature(function)
        given = {
            item.name: item.annotation
            for item in signature.parameters.values()
            if item.name not in ("self", "cls") and item.kind is not item.VAR_KEYWORD
        }
        given["return"] = signature.return_annotation
        missing = [name for name, kind in given.items() if kind is inspect.Signature.empty]
        gaps += [f"{function.__module__}.{function.__qualname__}: {name}" for name in missing]
    assert sorted(gaps) == []


def test_unknown_names():
    with pytest.raises(AttributeError, match="nothing"):
        _ = sunpy_farside.nothing


def test_about_eighteen_names_are_at_the_top():
    assert len(sunpy_farside.__all__) == 18


@pytest.mark.parametrize("name", sorted(sunpy_farside._MOVED))
def test_former_names_still_work_and_say_where_they_are_now(name):
    room, present = sunpy_farside._MOVED[name]
    with pytest.warns(SunpyDeprecationWarning, match=f"{room}.{present}"):
        item = getattr(sunpy_farside, name)
    assert item is getattr(importlib.import_module(f"sunpy_farside.{room}"), present)


@pytest.mark.parametrize(
    ("module", "place", "name"),
    [
        ("cadence", "sequence.placing", "place_maps"),
        ("catalog.daily", "catalog.map_runs", "find_runs"),
        ("catalog.daily", "catalog.reading", "read_catalog"),
        ("catalog.daily", "catalog.update", "update_tracks"),
        ("catalog.daily", "catalog.watch", "watch_folder"),
        ("catalog.stack", "catalog.region_stack", "join_tables"),
        ("catalog.stack", "catalog.region_stack", "stack_regions"),
        ("coordinates.far_side", "coordinates.earth", "earth_position"),
        ("coordinates.far_side", "coordinates.earth", "remember_earth"),
        ("datasets.masks", "datasets.fields", "near_side_field"),
        ("detection.regions", "detection.columns", "COLUMNS"),
        ("detection.measurement", "detection.columns", "COLUMNS"),
        ("detection.measurement", "detection.phase_statistics", "mean_phase"),
        ("detection.measurement", "detection.pixel_grid", "window_grid"),
        ("detection.measurement", "detection.region_tables", "in_order"),
        ("detection.regions", "detection.phase_statistics", "noise_level"),
        ("detection.regions", "detection.segmentation", "smooth_probability"),
        ("detection.regions", "detection.significance", "rank_measured"),
        ("evaluation.judged", "evaluation.calibration_bins", "BINS"),
        ("evaluation.judged", "evaluation.cases", "Case"),
        ("evaluation.scores", "evaluation.reference_regions", "find_complexes"),
        ("io.noaa", "io.noaa_regions", "positions_at"),
        ("io.synoptic_frames", "maps.synoptic", "EAST_EDGE"),
        ("maps.resampling", "maps.orientation", "is_cylindrical"),
        ("sequence", "maps.windows", "cut_map"),
        ("simulation.magnetograms", "simulation.magnetic_patches", "Patches"),
    ],
)
def test_names_are_still_found_in_their_former_modules(module, place, name):
    former, present = (importlib.import_module(f"sunpy_farside.{item}") for item in (module, place))
    with pytest.warns(SunpyDeprecationWarning, match=f"Use sunpy_farside.{place}.{name}"):
        item = getattr(former, name)
    assert item is getattr(present, name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = former.nothing


@pytest.mark.parametrize(
    ("module", "former", "place", "present"),
    [
        ("evaluation.judged", "Found", "evaluation.cases", "ComparedDetections"),
        ("evaluation.judged", "Judged", "evaluation.cases", "EvaluationResult"),
        ("evaluation.judged", "held_against", "evaluation.cases", "compare_detection"),
        ("evaluation.judged", "scores_of", "evaluation.cases", "score_method"),
        ("evaluation.scores", "judge", "evaluation.scores", "score_detections"),
        ("network", "Normalisation", "network.normalization", "Normalization"),
        ("network.normalisation", "Normalisation", "network.normalization", "Normalization"),
    ],
)
def test_former_names_are_found_with_a_warning(module, former, place, present):
    place = importlib.import_module(f"sunpy_farside.{place}")
    with pytest.warns(SunpyDeprecationWarning, match=f"Use {place.__name__}.{present}"):
        item = getattr(importlib.import_module(f"sunpy_farside.{module}"), former)
    assert item is getattr(place, present)
