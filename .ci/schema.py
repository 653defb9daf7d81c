"""
Write the JSON Schemas of the bulletin and of the scores, which come with the package.
"""

import json
from pathlib import Path

from sunpy_farside.bulletin.schema import json_schema
from sunpy_farside.evaluation.scores_schema import scores_schema

DATA = Path(__file__).parents[1] / "sunpy_farside" / "data"

if __name__ == "__main__":
    for name, schema in (("bulletin", json_schema()), ("scores", scores_schema())):
        (DATA / f"{name}.schema.json").write_text(f"{json.dumps(schema, indent=1)}\n")
