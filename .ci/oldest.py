"""
Print the oldest versions that pyproject.toml allows.

Run ``python .ci/oldest.py > constraints-oldest.txt``. Of everything else pip takes
the newest that goes with them.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEADER = """\
# The oldest versions that pyproject.toml allows, with which the tests pass. Made by .ci/oldest.py.
# Of torch this is the one release at hand, not the oldest: see constraints.txt.
"""
# What the oldest versions need from their own time, and do not ask for.
COMPANIONS = """\
# matplotlib 3.9 calls pyparsing by names that 3.3 deprecates.
pyparsing<3.3
"""


def oldest():
    """
    Return the text of the constraints file.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    names = ("train", "distributed", "tests")
    requirements = [*project["dependencies"], *(item for name in names for item in extras[name])]
    lines = []
    for requirement in requirements:
        name, _, version = re.fullmatch(
            r"([\w-]+)(\[[\w,]+\])?(?:>=([\d.]+))?", requirement
        ).groups()
        if version and name != "torch":
            lines.append(f"{name}=={version}")
    torch = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line]
    return HEADER + "\n".join(sorted(lines) + torch) + "\n" + COMPANIONS


if __name__ == "__main__":
    print(oldest(), end="")
