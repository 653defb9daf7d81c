"""
The run of a day, day after day, on an archive that grows, fails and corrects its maps.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("growing_archive.py")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.slow
@pytest.mark.parametrize(("days", "missing"), [(14, 2), (60, 0)])
def test_every_day_gives_what_a_run_at_once_gives(days, missing, serve, tmp_path):
    """
    Follow an archive with gaps, late, corrected and broken maps, outages, two runs at once, and
    runs that are killed.
    """
    (tmp_path / "archive").mkdir()
    server = serve(tmp_path / "archive", "apache")
    down = tmp_path / "down"
    server.fault = lambda handler, _: (
        down.exists() and (handler.answer("Down.", status=503) or True)
    )
    result = subprocess.run(
        [sys.executable, SCRIPT, tmp_path, server.url, str(days), str(missing)],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    happened = json.loads(result.stdout.splitlines()[-1])
    assert happened["days"] == days - 5
    assert happened["killed"] > 0.5 * happened["days"]
    assert min(happened[name] for name in ("busy", "noted", "missing")) > 0
