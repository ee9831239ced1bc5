"""Writes c2pa/fixtures.json: what the pinned library reads in each of the C2PA project's test files.

Needs c2pa-python as locked, and the shared folder of media beside the checkout; run from the repository's root:
``python tests/vectors/build_c2pa.py``. Look at the difference before it is committed: another version of the library
that reads a file differently is news, not noise.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from registry.adapters.c2pa_reader import LIBRARY
from tests.vectors.c2pa_fixtures import PREFIX, files, read, row

found = {
    path.name.removeprefix(PREFIX): {
        "no_anchors": row(read(path, trusting=False)),
        "test_anchors": row(read(path, trusting=True)),
    }
    for path in files()
}
text = json.dumps({"library": LIBRARY, "files": found}, indent=1, ensure_ascii=False)
Path(__file__).with_name("c2pa").joinpath("fixtures.json").write_text(text + "\n")
