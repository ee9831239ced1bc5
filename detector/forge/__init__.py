"""Making forgeries: pairs to learn from, and marked copies for the demo."""

from detector.faces import NoFaceError
from detector.forge.marked import forge_frames, forge_image

__all__ = ["NoFaceError", "forge_frames", "forge_image"]
