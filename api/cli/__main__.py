"""``python -m api.cli``: the command line where its script is not installed."""

from api.cli import main

main()
