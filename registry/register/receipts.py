"""`ReceiptFiles`: the receipts this installation has issued, one file per digest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from registry import receipt
from registry.model import Digest, Fingerprint, Inclusion, LedgerInfo, Record, Registration
from registry.ports import Clock, Signer


class ReceiptFiles:
    """Issues receipts into a directory."""

    def __init__(self, directory: Path, *, info: LedgerInfo, recorder: Signer, clock: Clock) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._info = info
        self._recorder = recorder
        self._clock = clock

    def path(self, digest: Digest) -> Path:
        """Return where the receipt of a digest is, or would be."""
        return self._directory / f"{digest.hex}.receipt.json"

    def write(
        self,
        record: Record,
        fingerprint: Fingerprint | None,
        registration: Registration,
        inclusion: Inclusion,
        batch_path: Sequence[bytes] = (),
    ) -> Path:
        """Issue the receipt of a final registration; one that is there already is kept as it is.

        Args:
            record: as the ledger keeps it.
            fingerprint: of the media, where it is at hand.
            registration: what was registered, with all its signatures.
            inclusion: where that stands.
            batch_path: of a batched record: the siblings from its leaf up to its batch's root.

        Raises:
            SignerError: the recorder's key cannot be used.
        """
        path = self.path(record.digest)
        if path.exists():
            return path
        body = receipt.issue(
            info=self._info,
            record=record,
            fp_version=fingerprint.fp_version if fingerprint else None,
            registration=registration,
            inclusion=inclusion,
            recorder=self._recorder,
            issued_at=self._clock.now(),
            batch_path=batch_path,
        )
        receipt.replace_file(path, body)
        return path
