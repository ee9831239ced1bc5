"""One file per outside thing; each keeps its exceptions to itself."""
