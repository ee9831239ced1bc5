"""`Reception`: every check that stands before anything is stored."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from pathlib import Path

from registry.errors import (
    AlreadyRegisteredError,
    DecoderFailedError,
    IntentError,
    JobStateError,
    MetadataNotAcceptedError,
)
from registry.media import Decoder
from registry.model import Address, Job, JobState, Media, Request, Visibility
from registry.ports import Clock, ContentStore, Journal, Ledger
from registry.register.claims import require_claims
from registry.register.intent import require_intent
from registry.register.spool import Spool

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stores:
    """Where content goes.

    Attributes:
        local: always here; the only place of private content.
        published: where public content is pinned: an IPFS daemon if one is configured, else the same as ``local``.
    """

    local: ContentStore
    published: ContentStore

    @property
    def publishes(self) -> bool:
        """Whether public bytes leave this machine."""
        return self.published is not self.local

    def store_for(self, visibility: Visibility) -> ContentStore:
        """Return where content of this visibility goes."""
        return self.published if visibility is Visibility.PUBLIC else self.local


@dataclass(frozen=True, slots=True, eq=False)
class Accepted:
    """A durable job and, to spare a second decode, what its bytes decode to.

    Attributes:
        media: absent for a job that was under way already, or where the decoding child was killed.
    """

    job: Job
    media: Media | None


class Reception:
    """Turns bytes and a request into a durable job, or says why not."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        recorder: Address,
        journal: Journal,
        decoder: Decoder,
        stores: Stores,
        spool: Spool,
        clock: Clock,
    ) -> None:
        """Take the outside parts; ``recorder`` is the account that sends this installation's registrations."""
        self._ledger = ledger
        self._recorder = recorder
        self._journal = journal
        self._decoder = decoder
        self._stores = stores
        self._spool = spool
        self._clock = clock

    def accept(self, path: Path, request: Request) -> Accepted:
        """Return a durable job for the bytes at ``path``; until every check has passed nothing is stored.

        A job that is under way for the same bytes and the same uploader is returned as it is.

        Args:
            path: the bytes; not kept, the spool holds a copy.
            request: with the digest of these bytes.

        Raises:
            AlreadyRegisteredError: these bytes are recorded.
            IntentError: the intent does not authorise this, is about other claims, or is missing where this
                installation's account is not the operator's: a second one on a contract has no name of its own there.
            JobStateError: somebody else's registration of these bytes is under way.
            MetadataNotAcceptedError: location or author tags would be published.
            UnsupportedMediaError: not media.
            MediaDecodeError: media that cannot be decoded.
            MediaTooLargeError: over a limit.
            LedgerUnavailableError: the ledger cannot be asked now.
        """
        now = self._clock.now()
        if request.intent is not None:
            require_intent(
                request.intent,
                digest=request.digest,
                visibility=request.visibility,
                ledger=self._ledger,
                now=now,
            )
            require_claims(request.intent, request.claims)
        elif self._recorder != self._ledger.info.operator:
            raise IntentError(f"intent: expected one, since {self._recorder} is not the operator of this contract")
        if self._ledger.find(request.digest) is not None:
            raise AlreadyRegisteredError(request.digest.hex)
        if (under_way := self._under_way(request)) is not None:
            return Accepted(under_way, None)
        media = self._decode(path)
        self._require_publishable(media, request)
        job = Job(secrets.token_hex(16), JobState.RECEIVED, request, created_at=now, updated_at=now)
        self._spool.keep(path, job.job_id)
        self._journal.put(job)
        return Accepted(job, media)

    def _under_way(self, request: Request) -> Job | None:
        job = self._journal.latest_for(request.digest)
        if job is None or not (job.state.is_open or job.state is JobState.REVIEW):
            return None
        theirs, ours = (r.intent.intent.uploader if r.intent else None for r in (job.request, request))
        if theirs != ours:
            raise JobStateError(f"job {job.job_id}: these bytes are being registered by another uploader")
        return job

    def _decode(self, path: Path) -> Media | None:
        try:
            return self._decoder.decode(path)
        except DecoderFailedError as exc:
            _log.warning("decoder failed: %s", exc)
            return None

    def _require_publishable(self, media: Media | None, request: Request) -> None:
        leaves = request.visibility is Visibility.PUBLIC and self._stores.publishes
        if media is not None and media.sensitive_tags and leaves and not request.accept_metadata:
            raise MetadataNotAcceptedError(media.sensitive_tags)
