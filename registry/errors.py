"""The error tree of the core: one root, one class per fact that a caller may act on.

Messages give what was got and what was expected. Nothing here knows an HTTP status or an exit code: `api.errors`
maps these types in one table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class RegistryError(Exception):
    """The root of every error that the registry raises on purpose."""


class InvalidValueError(RegistryError, ValueError):
    """A value was built from something outside its range; the message gives got and expected."""


# -- media ------------------------------------------------------------------------------------------------------


class MediaError(RegistryError):
    """The bytes given are not media that can be judged."""


class UnsupportedMediaError(MediaError):
    """Not media, or a container or codec that is not on the allow-list; the message names what was found."""


class MediaDecodeError(MediaError):
    """A supported format whose contents cannot be decoded: truncated, corrupt, no frame."""


class MediaTooLargeError(MediaError):
    """A limit was exceeded, found before or while decoding.

    Attributes:
        limit_name: the limit's name with its unit, such as ``max_pixels``.
        limit: the limit's value in that unit.
        value: what the file has, in the same unit.
    """

    def __init__(self, limit_name: str, *, limit: float, value: float) -> None:
        super().__init__(f"{limit_name} is {limit:g}, this file has {value:g}")
        self.limit_name = limit_name
        self.limit = limit
        self.value = value


class DecoderFailedError(MediaError):
    """The decoding child crashed, hung or hit its resource limits and was killed: nothing is known of the file."""


@dataclass(frozen=True, slots=True)
class SensitiveTag:
    """One tag in a file that tells where it was made or by whom.

    Attributes:
        category: ``location`` or ``author``.
        name: the tag's name in its own format, such as ``GPSLatitude`` or ``Artist``.
    """

    category: str
    name: str


class MetadataNotAcceptedError(RegistryError):
    """A public registration would publish location or author tags that the uploader has not accepted.

    Attributes:
        tags: every such tag found in the file, in file order.
    """

    def __init__(self, tags: Sequence[SensitiveTag]) -> None:
        listed = ", ".join(f"{tag.name} ({tag.category})" for tag in tags)
        super().__init__(f"the file carries {listed}: accept (--accept-metadata) or strip (--strip-metadata) them")
        self.tags = tuple(tags)


# -- detector ---------------------------------------------------------------------------------------------------


class DetectorError(RegistryError):
    """The detector could not run at all (no weights, broken engine); a single file's abstention is no error."""


# -- signatures and intents -------------------------------------------------------------------------------------


class SignatureError(RegistryError):
    """A signature is malformed, foreign, expired or replayed; the message names the check that failed."""


class IntentError(SignatureError):
    """An `UploadIntent` does not authorise this registration; the message names the check that failed."""


class StatementError(SignatureError):
    """A signed `Statement` may not be published as it is; the message names the check that failed."""


class SignerError(RegistryError):
    """A key could not be opened or used."""


# -- receipts and their signers ---------------------------------------------------------------------------------


class ReceiptError(RegistryError):
    """A receipt, or a list of signers, is not of its format.

    Attributes:
        field: the dotted path of the value, such as ``opinions[0].signature``; ``document`` for all of it.
    """

    def __init__(self, field: str, *, expected: str, got: str) -> None:
        super().__init__(f"{field}: expected {expected}, got {got}")
        self.field = field


class TrustError(RegistryError):
    """A list of signers may not be trusted: not its admin's, another admin's, older than the pinned one, or at odds."""


# -- rejections -------------------------------------------------------------------------------------------------


class EpochError(RegistryError):
    """An epoch of rejections cannot be closed, or its list cannot be had; the message says why."""


class ConvictionError(RegistryError):
    """What is at hand convicts no gate; the message says what speaks for it."""


# -- other gates ------------------------------------------------------------------------------------------------


class CosignError(RegistryError):
    """A second gate's verdict could not be had."""


class CosignRefusedError(CosignError):
    """The other gate looked and will not sign; asking it again changes nothing.

    Attributes:
        reasons: codes, most important first.
    """

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(f"refused: {', '.join(reasons)}")
        self.reasons = tuple(reasons)


class CosignerUnavailableError(CosignError):
    """The other gate cannot be asked now; a job waits durably and asks again."""


class QuorumNotMetError(CosignError):
    """Too few gates sign this admission, whoever else is asked.

    Attributes:
        reasons: codes, ``quorum_not_met`` or what kept the others from being asked first.
    """

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(f"too few gates sign: {', '.join(reasons)}")
        self.reasons = tuple(reasons)


# -- ledger -----------------------------------------------------------------------------------------------------


class LedgerError(RegistryError):
    """The ledger answered something that cannot be right, or refused."""


class LedgerUnavailableError(LedgerError):
    """The ledger cannot be reached now; a job waits durably and a read may be tried again."""


class FeeTooHighError(LedgerUnavailableError):
    """The network asks more for a transaction than the cap allows; nothing was sent, and a job waits durably."""


class NotTakenYetError(LedgerUnavailableError):
    """The network will not take a transaction now: too little is offered, too few funds, or no room; nothing waits."""


class LedgerMismatchError(LedgerError):
    """The network at hand is not the one that was configured (chain id, code hash or instance id differ)."""


class TransactionRevertedError(LedgerError):
    """The contract refused a transaction.

    Attributes:
        error_name: the contract's custom error, such as ``MediaAlreadyRegistered``.
        arguments: its arguments as text, in order.
    """

    def __init__(self, error_name: str, arguments: Sequence[str] = ()) -> None:
        super().__init__(f"the contract refused: {error_name}({', '.join(arguments)})")
        self.error_name = error_name
        self.arguments = tuple(arguments)


class NonceTakenError(TransactionRevertedError):
    """Another transaction of the same account was included under this nonce: this one never can be.

    Somebody else sends with the same key, or a node forgot what it had; the same call goes out under the next nonce.
    """

    def __init__(self, account: str, *, nonce: int) -> None:
        super().__init__("NonceTaken", (account, str(nonce)))

    def __str__(self) -> str:
        account, nonce = self.arguments
        return f"nonce {nonce} of {account} is taken by a transaction that is not ours: is its key used elsewhere?"


class RecordNotFoundError(LedgerError):
    """No record has this digest. That says nothing about the media."""


class AlreadyRegisteredError(RegistryError):
    """These very bytes are recorded already; nothing was stored.

    Attributes:
        digest_hex: 64 hex digits.
    """

    def __init__(self, digest_hex: str) -> None:
        super().__init__(f"already recorded: {digest_hex}")
        self.digest_hex = digest_hex


# -- content, index, journal ------------------------------------------------------------------------------------


class StoreError(RegistryError):
    """The content store answered something that cannot be right."""


class StoreUnavailableError(StoreError):
    """The content store cannot be reached now."""


class BlockNotFoundError(StoreError):
    """The store does not hold the block asked for."""


class BlockCorruptError(StoreError):
    """The bytes held for a CID do not hash to it."""


class SimilarityIndexError(RegistryError):
    """The similarity index is damaged or was written by another version; rebuild it."""


class JournalError(RegistryError):
    """The journal cannot be read or written."""


class JobNotFoundError(JournalError):
    """No job has this id."""


class JobConflictError(JournalError):
    """Another process moved this job in the meantime; it is theirs now."""


class JobStateError(JournalError):
    """The step asked for does not follow from the job's state (approve what is not in review, for example)."""


# -- backups ----------------------------------------------------------------------------------------------------


class BackupError(RegistryError):
    """A backup cannot be made or put back here; the message says what is in the way."""


class BackupDamagedError(BackupError):
    """The file given is no whole backup of this version; nothing of it was put in place."""
