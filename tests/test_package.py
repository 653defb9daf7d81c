import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import sunpy_farside


def test_import_is_light_and_registers_the_map_source():
    code = (
        "import sys, sunpy.map, sunpy.net; import sunpy_farside; "
        "heavy = {'torch', 'photutils', 'lightning', 'sunpy_farside.detection'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules); "
        "from sunpy_farside import FarsidePhaseMap; "
        "assert FarsidePhaseMap in sunpy.map.Map.registry"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_there_and_explained():
    for name in sunpy_farside.__all__:
        assert getattr(sunpy_farside, name).__doc__.strip()
        assert name in dir(sunpy_farside)


def public_objects():
    """
    Everything in the ``__all__`` of every module, and the public methods of its classes.
    """
    for info in pkgutil.walk_packages(sunpy_farside.__path__, "sunpy_farside."):
        if info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        for name in getattr(module, "__all__", []):
            item = getattr(module, name)
            yield f"{info.name}.{name}", item
            if not inspect.isclass(item) or not item.__module__.startswith("sunpy_farside"):
                continue
            for key, member in vars(item).items():
                if not key.startswith("_") and (callable(member) or isinstance(member, property)):
                    yield f"{info.name}.{name}.{key}", member


def test_nothing_public_is_unexplained():
    items = [pair for pair in public_objects() if callable(pair[1]) or inspect.isclass(pair[1])]
    assert len(items) > 50
    assert [name for name, item in items if not (inspect.getdoc(item) or "").strip()] == []


def test_functions_that_users_call_have_examples():
    without = [
        name
        for name in sunpy_farside.__all__
        if "Error" not in name and ">>>" not in getattr(sunpy_farside, name).__doc__
    ]
    assert without == []


def test_unknown_names():
    with pytest.raises(AttributeError, match="nothing"):
        _ = sunpy_farside.nothing
