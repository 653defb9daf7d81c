"""
Configure the documentation: ``sphinx-build -W -b html docs docs/_build/html``, offline.
"""

import os
import re
import sys
from pathlib import Path

# The networks of the examples are small: one thread is enough.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import matplotlib
from docutils import nodes
from docutils.parsers.rst.roles import GenericRole
from sphinx.domains import Domain

from astropy.coordinates import SkyCoord
from astropy.time import Time
from astropy.utils import iers

import sunpy_farside
from sunpy_farside.catalog.reading import CATALOG_COLUMNS
from sunpy_farside.catalog.track_columns import MEMBER_COLUMNS, TRACK_COLUMNS
from sunpy_farside.catalog.tracking import no_tracks
from sunpy_farside.detection.columns import COLUMNS
from sunpy_farside.detection.former import no_regions
from sunpy_farside.detection.methods import NETWORK, STRENGTH_UNIT
from sunpy_farside.network import PACKAGED

sys.path.insert(0, str(Path(__file__).parent))
from evaluation_tables import evaluation_tables
from markdown import to_rst
from stage_table import stage_tables

matplotlib.use("agg")
# Builds do not access the network.
iers.conf.auto_download = False

project = "sunpy_farside"
author = "The sunpy_farside developers"
copyright = author
release = sunpy_farside.__version__
version = release.split("+")[0]

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    # Formulas are drawn without the network, too.
    "sphinx-mathjax-offline",
    "sphinx.ext.napoleon",
    "sphinx_automodapi.automodapi",
    "sphinx_automodapi.smart_resolver",
    "sphinx_gallery.gen_gallery",
    "matplotlib.sphinxext.plot_directive",
]
exclude_patterns = ["_build", "generated/**/*.ipynb", "generated/**/*.codeobj.json"]
default_role = "obj"
if os.environ.get("READTHEDOCS"):
    # Links to other projects need their inventories. Builds elsewhere work offline.
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "matplotlib": ("https://matplotlib.org/stable", None),
        "astropy": ("https://docs.astropy.org/en/stable", None),
        "sunpy": ("https://docs.sunpy.org/en/stable", None),
        "parfive": ("https://parfive.readthedocs.io/en/stable", None),
    }
# Every name in backquotes is a link, or the build fails.
nitpicky = True
# Names of other projects have a link only with their inventories.
nitpick_ignore_regex = [
    (
        "py:.*",
        r"(astropy|datetime|json|lightning|matplotlib|numpy|parfive|pathlib|pydantic"
        r"|reproject|sqlite3|sunpy|torch)(\..*)?",
    ),
    # Types of attributes are taken apart: shapes, choices and "optional" are no names.
    ("py:class", r"array|shape|optional|[a-z]( \+ 1)?|\d+|\{?\".*\"\}?"),
    # From the docstring that bulletins inherit from pydantic.
    ("py:obj", "ConfigDict"),
]
suppress_warnings = ["config.cache"]

# Pictures are drawn by the code that the page shows.
plot_include_source = True
plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = [("png", 100)]
plot_rcparams = {"savefig.bbox": None}

napoleon_google_docstring = False
napoleon_use_rtype = False
# Keep types as written: the words between their links are not names to link.
napoleon_use_param = False
# Attributes of data classes are described once.
napoleon_use_ivar = True
automodapi_toctreedirnm = "api"
automodapi_inheritance_diagram = False
automodsumm_inherited_members = False
autodoc_typehints = "none"

html_theme = "sunpy"
html_theme_options = {"rtd_search": False, "sst_site_root": "https://sunpy.org"}
html_static_path = ["_static"]
html_css_files = ["pages.css"]

folder = Path(__file__).parent
examples = folder.parent / "examples"
sphinx_gallery_conf = {
    "examples_dirs": str(examples),
    "gallery_dirs": "generated/gallery",
    "filename_pattern": r"plot_",
    "ignore_pattern": r"__init__",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "min_reported_time": 5,
    "remove_config_comments": True,
    "show_memory": False,
    "write_computation_times": False,
    "matplotlib_animations": False,
    "backreferences_dir": None,
}


def _model_card(name):
    """
    Return the model card of weights of the package, without its title.
    """
    text = (Path(sunpy_farside.__file__).parent / "data" / f"{name}.md").read_text()
    return to_rst(text.split("\n", 1)[1])


def _changelog():
    """
    Return the changelog, starting with the changes since the last release, sorted by kind.
    """
    parts = []
    for kind, title in {
        "breaking": "Breaking changes",
        "feature": "New features",
        "bugfix": "Bug fixes",
        "doc": "Documentation",
    }.items():
        paths = sorted((folder.parent / "changelog").glob(f"*.{kind}*.rst"))
        news = [re.sub(r"\n(?=.)", "\n  ", path.read_text().strip()) for path in paths]
        if news:
            parts += [f"{title}\n{'-' * len(title)}", *(f"- {item}" for item in news)]
    if parts:
        parts.insert(0, "Since the last release\n======================")
    text = (folder.parent / "CHANGELOG.rst").read_text()
    return text.replace(".. towncrier release notes start\n", "\n\n".join(parts) + "\n")


def _columns(descriptions, table):
    """
    Return a table of columns with their names, units and descriptions.

    Parameters
    ----------
    descriptions : `dict`
    table : `~astropy.table.QTable`
        Table with these columns, for their units.
    """
    rows = [
        ".. list-table::",
        "   :header-rows: 1",
        "   :widths: 25 15 60",
        "   :class: columns",
        "",
    ]
    rows += ["   * - Column", "     - Unit or type", "     - Meaning"]
    for name, description in descriptions.items():
        rows += [f"   * - ``{name}``", f"     - {_unit(table, name)}", f"     - {description}"]
    return "\n".join(rows) + "\n"


def _unit(table, name):
    # The additional columns of a catalog are text.
    column = table[name] if name in table.colnames else None
    if column is None:
        return "text"
    if isinstance(column, SkyCoord | Time):
        return f"`~{type(column).__module__.rsplit('.', 1)[0]}.{type(column).__name__}`"
    if column.info.unit is not None:
        return "uHem rad" if column.info.unit == STRENGTH_UNIT else str(column.info.unit)
    kinds = {"U": "text", "b": "bool", "i": "integer", "f": "number"}
    return kinds[column.dtype.kind]


def _columns_of_all():
    tracks = no_tracks(NETWORK.strength)
    regions = no_regions()
    stack = regions.copy()
    stack["date"] = stack["east_limb_arrival"]
    return {
        "regions": _columns(COLUMNS, regions),
        "tracks": _columns(TRACK_COLUMNS, tracks.tracks),
        "members": _columns(MEMBER_COLUMNS, tracks.members),
        "catalog": _columns(
            {name: text for name, text in CATALOG_COLUMNS.items() if name not in COLUMNS}, stack
        ),
    }


(folder / "generated").mkdir(exist_ok=True)
for name, text in _columns_of_all().items():
    (folder / "generated" / f"columns_{name}.inc").write_text(text)
for name, text in evaluation_tables().items():
    (folder / "generated" / f"evaluation_{name}.inc").write_text(text)
for name, text in stage_tables().items():
    (folder / "generated" / f"{name}.inc").write_text(text)
for name in PACKAGED:
    (folder / "generated" / f"model_card_{name}.inc").write_text(_model_card(name))
(folder / "generated" / "changelog.inc").write_text(_changelog())


class _Papers(Domain):
    """
    Provide the citation role of docstrings that map sources inherit from sunpy.
    """

    name = "cite"
    roles = {"t": GenericRole("cite:t", nodes.literal)}


def setup(app):
    """
    Register the citation role of inherited docstrings.
    """
    app.add_domain(_Papers)
