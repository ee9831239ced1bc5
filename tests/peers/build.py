"""Build a pinned server into a cache folder and print the binary's path:  python tests/peers/build.py kubo|geth FOLDER

A second run with the same go.sum finds the binary. FOLDER also keeps Go's modules and build cache, so that a change
of the pin compiles little.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PACKAGES = {"kubo": "github.com/ipfs/kubo/cmd/ipfs", "geth": "github.com/ethereum/go-ethereum/cmd/geth"}


def build(peer: str, cache: Path) -> Path:
    """Return the binary built from exactly this peer's go.sum."""
    name = hashlib.sha256((HERE / peer / "go.sum").read_bytes()).hexdigest()[:16]
    binary = cache / f"{peer}-{name}" / PACKAGES[peer].rpartition("/")[2]
    if not binary.exists():
        settings = {"GOMODCACHE": str(cache / "go-mod"), "GOCACHE": str(cache / "go-build"), "GOFLAGS": "-modcacherw"}
        unfinished = binary.with_suffix(".new")
        subprocess.run(
            ["go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-o", str(unfinished), PACKAGES[peer]],
            cwd=HERE / peer,
            env=os.environ | settings,
            check=True,
        )
        unfinished.rename(binary)
    return binary


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in PACKAGES:
        sys.exit(__doc__)
    sys.stdout.write(f"{build(sys.argv[1], Path(sys.argv[2]).resolve())}\n")
