"""Writes pdq.json: codes of seeded pictures by pdqhash 0.2.8, Meta's own C++.

Needs pdqhash 0.2.8 (with a C compiler), numpy and opencv-python-headless; run from the repository's root:
``python tests/vectors/build_pdq.py``.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pdqhash

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.vectors.pdq_pictures import PICTURES

ORDER = ("identity", "rotate_90", "rotate_180", "rotate_270", "flip_x", "flip_y", "flip_plus_1", "flip_minus_1")


def packed(vector: np.ndarray) -> str:
    return np.packbits(vector.astype(bool)).tobytes().hex()


def row(name: str, rgb: np.ndarray) -> dict[str, object]:
    _, quality = pdqhash.compute(rgb)
    codes, _ = pdqhash.compute_dihedral(rgb)
    return {"name": name, "quality": int(quality), "codes": dict(zip(ORDER, map(packed, codes), strict=True))}


rows = [row(name, make()) for name, make in PICTURES.items()]
Path(__file__).with_name("pdq.json").write_text(json.dumps({"pdqhash": "0.2.8", "rows": rows}, indent=1) + "\n")
