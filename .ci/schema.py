"""
Write the JSON Schema of the bulletin, which comes with the package.
"""

import json
from pathlib import Path

from sunpy_farside.bulletin.schema import json_schema

PATH = Path(__file__).parents[1] / "sunpy_farside" / "data" / "bulletin.schema.json"

if __name__ == "__main__":
    PATH.write_text(f"{json.dumps(json_schema(), indent=1)}\n")
