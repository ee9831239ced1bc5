"""Whether an `UploadIntent` authorises one registration; checked on receipt and again before signing."""

from __future__ import annotations

from registry import eip712
from registry.errors import IntentError, SignatureError
from registry.model import Digest, LedgerInfo, SignedIntent, Visibility


def require_intent(signed: SignedIntent, *, digest: Digest, visibility: Visibility, info: LedgerInfo, now: int) -> None:
    """Return if the intent is the uploader's own, alive and about these bytes.

    Args:
        signed: the intent and its signature.
        digest: of the bytes that came with it.
        visibility: asked for.
        info: the installation that it must name in its domain.
        now: Unix seconds.

    Raises:
        IntentError: naming the check that failed.
    """
    intent = signed.intent
    if intent.digest != digest:
        raise IntentError(f"intent digest: expected {digest}, got {intent.digest}")
    if intent.visibility is not visibility:
        raise IntentError(f"intent visibility: expected {visibility.word}, got {intent.visibility.word}")
    if intent.deadline <= now:
        raise IntentError(f"intent deadline: expected after {now}, got {intent.deadline}")
    try:
        signer = eip712.recover(eip712.intent_message(eip712.Domain.of(info), intent), signed.signature)
    except SignatureError as exc:
        raise IntentError(f"intent signature: {exc}") from exc
    if signer != intent.uploader:
        raise IntentError(f"intent signature: expected {intent.uploader}, got {signer}")
