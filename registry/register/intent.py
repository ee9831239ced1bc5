"""Whether an `UploadIntent` authorises one registration; checked on receipt and again before signing."""

from __future__ import annotations

from registry import eip712
from registry.errors import IntentError, SignatureError
from registry.model import Digest, SignedIntent, Visibility
from registry.ports import Ledger
from registry.register.signature import require_signature

INTENT_LAPSED = "intent_lapsed"


def require_intent(signed: SignedIntent, *, digest: Digest, visibility: Visibility, ledger: Ledger, now: int) -> None:
    """Return if the intent is the uploader's own, alive and about these bytes.

    Args:
        signed: the intent and its signature.
        digest: of the bytes that came with it.
        visibility: asked for.
        ledger: of the installation that it must name in its domain; asked where the uploader is a contract wallet.
        now: Unix seconds.

    Raises:
        IntentError: naming the check that failed.
        LedgerUnavailableError: the uploader's wallet cannot be asked now.
    """
    intent = signed.intent
    if intent.digest != digest:
        raise IntentError(f"intent digest: expected {digest}, got {intent.digest}")
    if intent.visibility is not visibility:
        raise IntentError(f"intent visibility: expected {visibility.word}, got {intent.visibility.word}")
    if intent.deadline <= now:
        raise IntentError(f"intent deadline: expected after {now}, got {intent.deadline}")
    message = eip712.intent_message(eip712.Domain.of(ledger.info), intent)
    try:
        require_signature(ledger, message, signed.signature, by=intent.uploader)
    except SignatureError as exc:
        raise IntentError(f"intent signature: {exc}") from exc
