"""Build the pinned Kubo into a cache folder and print the binary's path:  python tests/peers/kubo/build.py FOLDER

A second run with the same go.sum finds the binary. FOLDER also keeps Go's modules and build cache, so that a change
of the pin compiles little.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def build(cache: Path) -> Path:
    """Return the binary built from exactly this go.sum."""
    name = hashlib.sha256((HERE / "go.sum").read_bytes()).hexdigest()[:16]
    binary = cache / f"kubo-{name}" / "ipfs"
    if not binary.exists():
        settings = {"GOMODCACHE": str(cache / "go-mod"), "GOCACHE": str(cache / "go-build"), "GOFLAGS": "-modcacherw"}
        unfinished = binary.with_suffix(".new")
        package = "github.com/ipfs/kubo/cmd/ipfs"
        subprocess.run(
            ["go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-o", str(unfinished), package],
            cwd=HERE,
            env=os.environ | settings,
            check=True,
        )
        unfinished.rename(binary)
    return binary


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.write(f"{build(Path(sys.argv[1]).resolve())}\n")
