"""The ports: what the core asks of the outside, and nothing more.

An adapter turns whatever goes wrong on its side into the errors named here (`raise ... from exc`); no exception of a
library crosses a port. Every write is idempotent: a step that was cut off is simply done again.
"""

from registry.ports.chain import ChainReader, Witness
from registry.ports.content import ContentStore
from registry.ports.epochs import EpochLedger
from registry.ports.governor import Governor
from registry.ports.index import SimilarityIndex
from registry.ports.journal import Journal
from registry.ports.ledger import Ledger
from registry.ports.screening import Cosigner, Detector
from registry.ports.signing import Clock, Signer

__all__ = [
    "ChainReader",
    "Clock",
    "ContentStore",
    "Cosigner",
    "Detector",
    "EpochLedger",
    "Governor",
    "Journal",
    "Ledger",
    "Signer",
    "SimilarityIndex",
    "Witness",
]
