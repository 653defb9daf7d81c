"""
``python -m sunpy_farside``.
"""

import sys

from sunpy_farside.cli import main

sys.exit(main())
