"""Perceptual codes of decoded media and the document that carries them."""

from registry.fingerprint.codes import FP_VERSION, MIN_QUALITY, distance_bits, fingerprint, query_codes
from registry.fingerprint.document import document, parse_document

__all__ = [
    "FP_VERSION",
    "MIN_QUALITY",
    "distance_bits",
    "document",
    "fingerprint",
    "parse_document",
    "query_codes",
]
