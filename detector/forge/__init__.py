"""Making forgeries: pairs to learn from, and marked copies for the demo."""

from detector.forge.marked import forge_frames, forge_image

__all__ = ["forge_frames", "forge_image"]
