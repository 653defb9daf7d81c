"""
Types of arguments.
"""

import os
from datetime import datetime

from astropy.time import Time

__all__ = ["PathLike", "TimeLike"]

# Times that `sunpy.time.parse_time` accepts.
TimeLike = Time | datetime | str
PathLike = str | os.PathLike[str]
