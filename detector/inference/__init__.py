"""Serving: the exported network behind the `Detector` port, with LiteRT and numpy and no TensorFlow."""

from detector.inference.bundle import DEFAULT_DIRECTORY, Bundle
from detector.inference.detector import GruDetector

__all__ = ["DEFAULT_DIRECTORY", "Bundle", "GruDetector"]
