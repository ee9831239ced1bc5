"""Making forgeries: pairs to learn from, and marked copies for the demo."""

from detector.forge.marked import NoFaceToForgeError, forge_frames, forge_image

__all__ = ["NoFaceToForgeError", "forge_frames", "forge_image"]
