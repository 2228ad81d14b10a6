"""The command ``polyrelu``, as ``python -m polyrelu``."""

from __future__ import annotations

import sys

from polyrelu.cli import main

if __name__ == "__main__":
    sys.exit(main())
