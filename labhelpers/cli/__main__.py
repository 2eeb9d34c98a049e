"""``python -m labhelpers.cli``: the command ``labs``."""

import sys

from labhelpers.cli import main

sys.exit(main())
