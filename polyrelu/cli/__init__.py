"""The command ``polyrelu``: exact answers about networks, as text for people or as JSON for programs.

Exit status: 0 done (and, for `verify` and `identical`, the answer is yes); 1 the answer is no, the computation failed
or it ran out of a limit; 2 the input or the command line was wrong; 130 interrupted, 143 and 129 ended by
SIGTERM and SIGHUP. Every failure is one line on standard error.
"""

from __future__ import annotations

from polyrelu.cli.program import main

__all__ = ["main"]
