"""`CoGate`: the other side of a quorum: screen another installation's upload, and sign or say why not.

The bytes are there for the request only: they are never stored, pinned, indexed, logged or learnt from.
"""

from __future__ import annotations

import io
from pathlib import Path

from registry import eip712
from registry.errors import (
    CosignRefusedError,
    DecoderFailedError,
    IntentError,
    MediaError,
    MediaTooLargeError,
    SignatureError,
)
from registry.fingerprint import document, fingerprint
from registry.media import Decoder
from registry.model import (
    Address,
    CosignRequest,
    Digest,
    GateVerdict,
    Level,
    Media,
    Outcome,
    Prediction,
    Visibility,
)
from registry.ports import Clock, ContentStore, Ledger, Signer
from registry.register.admit import VERDICT_LIFETIME_S, commitment, kind_of, opinion_of, signed_verdict
from registry.register.claims import claims_hash, gates_may_screen, require_claims
from registry.register.examine import Examiner
from registry.register.intent import require_intent
from registry.register.quorum import NOT_A_GATE, PRIVATE_WITHOUT_CONSENT

CREDENTIALS_NOT_TRUSTED = "credentials_not_trusted"
CLOCK_SKEW_S = 300  # between two installations' clocks
# What a second gate can vouch for: its own model's judgement, and the uploader's signature and the file's credentials,
# which it checks.
_SIGNABLE = Level.GATE | Level.UPLOADER | Level.CREDENTIALS


class CoGate:
    """This installation's gate, as others ask it; implements `registry.ports.Cosigner`."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        store: ContentStore,
        decoder: Decoder,
        examiner: Examiner,
        gate: Signer,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._decoder = decoder
        self._examiner = examiner
        self._gate = gate
        self._clock = clock

    @property
    def name(self) -> str:
        """The gate's address."""
        return str(self._gate.address)

    @property
    def gate(self) -> Address:
        """Whose verdicts it gives."""
        return self._gate.address

    def cosign(self, request: CosignRequest, path: Path) -> GateVerdict:
        """Return our signed verdict on the bytes at ``path``.

        Everything that the admission says of them is computed again here; our index, model and thresholds may only
        make the answer worse.

        Raises:
            CosignRefusedError: with the reasons; a file that cannot be read is one.
            LedgerUnavailableError: the ledger cannot be asked now.
            SimilarityIndexError: our index is damaged.
            SignerError: our key cannot be used.
        """
        self._require_admissible(request)
        self._require_wish(request)
        self._require_consent(request)
        _require(Digest.of_file(path) == request.admission.digest, "digest_mismatch")
        media = self._decoded(path)
        self._require_same_contents(request, media, path)
        _require(Level.CREDENTIALS not in request.admission.levels or self._trusts(path), CREDENTIALS_NOT_TRUSTED)
        return self._judged(request, media)

    def _require_admissible(self, request: CosignRequest) -> None:
        info, admission, now = self._ledger.info, request.admission, self._clock.now()
        ours = (info.chain_id, info.contract, info.instance_id)
        _require((request.chain_id, request.contract, request.instance_id) == ours, "other_installation")
        _require(now < admission.deadline <= now + VERDICT_LIFETIME_S + CLOCK_SKEW_S, "deadline")
        # A person's decision is that person's: it takes a reviewer of ours to share it.
        _require(Level.REVIEWER not in admission.levels, "needs_review")
        _require(admission.levels & ~_SIGNABLE == 0, "levels")
        _require(self._ledger.is_gate(self._gate.address), NOT_A_GATE)
        _require(self._ledger.find(admission.digest) is None, "already_recorded")

    def _require_wish(self, request: CosignRequest) -> None:
        """Refuse what neither the uploader nor, for its own uploads, the operator asked for."""
        info, admission = self._ledger.info, request.admission
        _require((request.intent is not None) == (Level.UPLOADER in admission.levels), "levels")
        if request.intent is not None:
            _require(request.intent.intent.uploader == admission.uploader, "intent")
            try:
                require_claims(request.intent, request.claims)
                require_intent(
                    request.intent,
                    digest=admission.digest,
                    visibility=request.visibility,
                    ledger=self._ledger,
                    now=self._clock.now(),
                )
            except IntentError as exc:
                raise CosignRefusedError(("intent",)) from exc
            return
        message = eip712.cosign_message(
            eip712.Domain.of(info),
            admission,
            visibility=request.visibility,
            claims_hash=claims_hash(request.claims),
        )
        try:
            signer = eip712.recover(message, request.operator_signature or b"")
        except SignatureError as exc:
            raise CosignRefusedError(("operator",)) from exc
        _require(signer == admission.uploader == info.operator, "operator")

    @staticmethod
    def _require_consent(request: CosignRequest) -> None:
        public = request.visibility is Visibility.PUBLIC
        _require(public or gates_may_screen(request.claims), PRIVATE_WITHOUT_CONSENT)

    def _trusts(self, path: Path) -> bool:
        """Whether the file's credentials hold under our own trust anchors."""
        found = self._decoder.credentials(path)
        return found is not None and found.earns_level(self._clock.now())

    def _decoded(self, path: Path) -> Media:
        try:
            return self._decoder.decode(path)
        except MediaTooLargeError as exc:
            raise CosignRefusedError(("too_large",)) from exc
        except DecoderFailedError as exc:
            raise CosignRefusedError(("decoder_failed",)) from exc
        except MediaError as exc:
            raise CosignRefusedError(("unreadable",)) from exc

    def _require_same_contents(self, request: CosignRequest, media: Media, path: Path) -> None:
        admission, salt = request.admission, request.salt
        with path.open("rb") as stream:
            cid = self._store.cid_of(stream)
        _require(admission.kind == kind_of(media.kind, cid), "kind_mismatch")
        _require(admission.content_hash == commitment(cid.digest, salt), "content_mismatch")
        fingerprint_cid = self._store.cid_of(io.BytesIO(document(fingerprint(media, admission.digest))))
        _require(admission.fingerprint_hash == commitment(fingerprint_cid.digest, salt), "fingerprint_mismatch")

    def _judged(self, request: CosignRequest, media: Media) -> GateVerdict:
        admission = request.admission
        examination = self._examiner.examine(media, uploader=admission.uploader)
        verdict = examination.verdict
        if verdict.outcome is not Outcome.ACCEPTED:
            raise CosignRefusedError(verdict.reasons)
        _require(not (admission.earns_reputation and examination.comparison.neighbours), "near_duplicate")
        _require(Level.GATE not in admission.levels or isinstance(verdict.screening, Prediction), "not_screened")
        opinion = opinion_of(verdict, self._clock.now())
        return signed_verdict(self._ledger.info, admission, opinion, self._gate)


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise CosignRefusedError((reason,))
