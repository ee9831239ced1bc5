"""The command line with a detector that always says the same, everything else being real; run as a script.

usage: touchstone.py FAKE_PROBABILITY|none WORD...
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from api import bootstrap
from api.cli import main
from tests.fakes import FixedDetector
from tests.values import abstention, prediction

said = sys.argv.pop(1)
screening = abstention() if said == "none" else prediction(float(said))
bootstrap._detector = lambda settings: FixedDetector(screening)

if __name__ == "__main__":
    main()
