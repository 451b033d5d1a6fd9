"""``python -m runcheck``."""

import sys

from runcheck.cli import main

sys.exit(main())
