"""Decoding of untrusted files in limited children of a fork server."""

from registry.media.credentials import ReaderSpec
from registry.media.decoder import Decoder
from registry.media.limits import MediaLimits, SamplingPlan

__all__ = ["Decoder", "MediaLimits", "ReaderSpec", "SamplingPlan"]
