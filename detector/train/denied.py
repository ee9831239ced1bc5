"""The deny-list enforced: no listed file, and no frame that looks like a listed one, reaches training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from detector.data import DenyList, Sample
from registry.fingerprint import pdq
from registry.model import Media


def permitted(
    samples: Sequence[Sample], folder: Path, deny: DenyList, decode: Callable[[Path], Media]
) -> Callable[[Sample], Media]:
    """Return what decodes a sample and refuses it if a frame is within 31 bits of a listed one.

    Args:
        samples: all that will be learnt from; their bytes are checked here and now.
        folder: that their files are relative to.
        deny: the list.
        decode: the decoder that serves.

    Raises:
        DetectorError: a sample's bytes are listed; from the function returned, its look is.
    """
    for sample in samples:
        deny.refuse_bytes(sample)

    def checked(sample: Sample) -> Media:
        media = decode(folder / sample.file)
        deny.refuse_look(sample, (pdq.code(pdq.coefficients(frame.rgb)[0]) for frame in media.frames))
        return media

    return checked
