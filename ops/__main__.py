"""`python -m ops` is the command `sluice`."""

from ops.cli import main

main()
