"""Every sentence of the page, in one catalogue: another language is another catalogue with the same keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from registry.model.trust import LEDGER_WORDS


@dataclass(frozen=True, slots=True)
class Words:
    """A catalogue in one language.

    Attributes:
        language: BCP 47 tag.
        sentences: by key; with ``{name}`` where a value goes in.
    """

    language: str
    sentences: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Return a sentence with its values filled in.

        Raises:
            KeyError: the catalogue has no such key.
        """
        return self.sentences[key].format(**values)


ENGLISH = Words(
    "en",
    {
        # -- the page
        "page.title": "Touchstone: check a file",
        "page.name": "Touchstone",
        "page.heading": "Is this file on record?",
        "page.lead": "Give a photo or a video. You read who has put it on record, whether a copy of it is, "
        "and what the detector makes of it: three answers, kept apart.",
        "page.footer": "Nothing on this page comes from anywhere else. API description: {address}",
        "form.label": "Choose a photo or a video",
        "form.drop": "or drop it here",
        "form.button": "Upload this file and check it",
        "form.hint": "The button uploads the file to this installation, which keeps it for this request only: "
        "not stored, not published, not learnt from.",
        "form.hint_hash_first": "Your browser computes the file's SHA-256 and sends only that. "
        "The file itself goes out when you ask for it, and is kept for that request only.",
        "form.chosen": "Chosen:",
        "status.hashing": "Computing the file's SHA-256 in this browser…",
        "status.asking": "Asking the registry about the SHA-256…",
        "status.uploading": "Uploading; then the file is compared and screened. A video takes a while…",
        "status.done": "The answer is below.",
        "status.no_hash": "This browser cannot compute the SHA-256 here. You can upload the file.",
        "status.failed": "The installation did not answer. Is it still running?",
        # -- the answer
        "answer.details": "Identifiers, to look up elsewhere",
        "answer.file": "The file",
        "answer.digest": "Its SHA-256",
        "answer.upload": "Upload to compare and screen",
        "answer.upload_why": "So far only the SHA-256 was sent. To look for copies and to ask the detector, "
        "the bytes are needed.",
        "registry.title": "Registry",
        "registry.question": "Has anybody put it on record?",
        "registry.EXACT": "These exact bytes are on record",
        "registry.EXACT.DISPUTED": "These exact bytes are on record, and the record is disputed",
        "registry.EXACT.REVOKED": "These exact bytes were on record, and the record was revoked",
        "registry.SIMILAR": "Not these bytes, but something very close is on record",
        "registry.SIMILAR.DISPUTED": "Something very close is on record, and that record is disputed",
        "registry.SIMILAR.REVOKED": "Something very close was on record, and that record was revoked",
        "registry.UNKNOWN": "No record",
        "registry.HASH_UNKNOWN": "No record of these exact bytes",
        "lead.EXACT": "Every byte is the one that was recorded. What the picture shows is not thereby true.",
        "lead.SIMILAR": "It looks like a copy: resized, re-encoded or lightly edited. "
        "Which of the two came first, and whether a detail was changed, this does not tell.",
        "lead.UNKNOWN": "That says nothing about the file: most honest files are on record nowhere.",
        "lead.HASH_UNKNOWN": "That says nothing about the file. A copy with other bytes may be on record.",
        "row.distance": "How close",
        "row.standing": "Standing",
        "row.uploader": "Put on record by",
        "row.when": "When",
        "row.levels": "How it came in",
        "row.dispute": "Contested",
        "row.attested": "Vouched for",
        "row.gates": "Gates",
        "row.suspect_gate": "Gate whose key was in other hands",
        "row.superseded_by": "Replaced by the record of",
        "row.derived_from": "Made from the record of",
        "row.block": "Where on the ledger",
        "row.tx": "Transaction",
        "row.cid": "Content (IPFS CID)",
        "row.recorded_digest": "Recorded SHA-256",
        "row.reputation": "That uploader's conduct",
        "row.ledger": "Ledger",
        "row.note": "Note",
        "distance.0": "none of the {bits} bits of its perceptual hash differ{turned}",
        "distance.n": "{distance} of the {bits} bits of its perceptual hash differ; up to {radius} count as the same "
        "picture{turned}",
        "transform.identity": "",
        "transform.rotate_90": "; the file is turned by 90°",
        "transform.rotate_180": "; the file is turned by 180°",
        "transform.rotate_270": "; the file is turned by 270°",
        "transform.flip_x": "; the file is upside down and mirrored",
        "transform.flip_y": "; the file is mirrored left to right",
        "transform.flip_plus_1": "; the file is mirrored and turned",
        "transform.flip_minus_1": "; the file is mirrored and turned",
        "standing.ACTIVE": "active: nobody has disputed it with success",
        "standing.DISPUTED": "disputed: somebody contests it, and no ruling has been made",
        "standing.REVOKED": "revoked: no longer stood behind",
        "dispute": "{why}; since {when}",
        "dispute.OTHER": "for a reason given elsewhere",
        "dispute.FORGERY": "as made or altered to deceive",
        "dispute.DEPICTED_PERSON": "by somebody whom it shows",
        "dispute.RIGHTS": "as somebody else's work",
        "dispute.MISTAKE": "as put on record in error",
        "dispute.MODEL_DOUBT": "because a newer model flags what an older one passed",
        "attested.THIRD_PARTY": "by {attester}, on {when}",
        "attested.REVIEWER": "by the reviewer {attester}, on {when}",
        "gates": "{gates} gates let it in; how many operators run them: {operators}",
        "level.GATE": "screened by a model and not flagged",
        "level.UPLOADER": "asked for by the uploader's own signature",
        "level.REVIEWER": "let in by a person, where the model gave no clear answer",
        "level.CREDENTIALS": "with Content Credentials that were trusted",
        "level.THIRD_PARTY": "somebody else vouches for it",
        "level.none": "neither screened nor reviewed",
        "block": "block {block}",
        "cid.private": "kept private: only salted commitments are on the ledger",
        **{f"ledger.{kind}": words for kind, words in LEDGER_WORDS.items()},
        "reputation": "score {score} of 100, {evidence}; {disputes}; {strikes}",
        "evidence.0": "with no outcome settled yet",
        "evidence.n": "on {count} settled outcomes",
        "disputes.0": "no open dispute",
        "disputes.1": "one open dispute",
        "disputes.n": "{count} open disputes",
        "strikes.0": "no proven fraud",
        "strikes.1": "one proven fraud, on {day}",
        "strikes.n": "{count} proven frauds, the last on {day}",
        "reason.low_quality_fingerprint": "Too little texture to look for copies: only exact bytes can be found.",
        "reason.decoder_failed": "The decoder had to be stopped on this file, so copies were not looked for.",
        "reason.gate_key_compromised": "The key of a gate that let it in was in other hands by then. "
        "That gate's verdict is worth nothing.",
        "reason.single_operator_quorum": "All the gates that let it in are run by one operator: no second opinion.",
        "reason.superseded": "Its uploader has named a later record in its place.",
        # -- the detector
        "detector.title": "Detector",
        "detector.question": "Does a model see signs of forgery?",
        "detector.not_asked.EXACT": "Not asked: the record answers for these bytes",
        "detector.not_asked.HASH": "Not asked: only the SHA-256 was sent",
        "detector.then.GATE": "When they were put on record, a model screened them and did not flag them.",
        "detector.then.REVIEWER": "When they were put on record, a person decided; no model's approval stands there.",
        "detector.then.none": "When they were put on record, no model judged them.",
        "detector.band": "Signs of forgery: {band}",
        "band.0": "none found",
        "band.1": "weak",
        "band.2": "moderate",
        "band.3": "strong",
        "band.4": "very strong",
        "detector.lead.ACCEPTED": "This gate would let it in.",
        "detector.lead.INCONCLUSIVE": "This gate would ask a person: {reasons}.",
        "detector.lead.ask": "This gate would ask a person.",
        "detector.lead.REJECTED": "This gate would refuse it.",
        "detector.abstained": "Not judged: {why}",
        "abstained.no_face": "there is no face in it, and faces are all that this model judges",
        "abstained.face_too_small": "the faces in it are too small",
        "abstained.too_few_frames": "too few frames show a face",
        "abstained.model_missing": "no model is at hand",
        "abstained.decoder_failed": "the decoder had to be stopped on this file",
        "detector.abstained_lead": "There is no number where there is no basis for one.",
        "gate.flagged": "the model flags it",
        "gate.uncertain": "the model is not sure",
        "gate.partial_coverage": "too little of the clip shows a face",
        "gate.not_screened": "nothing was judged",
        "gate.near_duplicate": "it resembles a record of somebody else",
        "gate.near_disputed": "it resembles a disputed record",
        "gate.near_revoked": "it resembles a revoked record",
        "gate.low_reputation": "its uploader has a poor record of conduct",
        "row.probability": "The model's figure",
        "probability": "{value}, on a scale from 0 (no sign of forgery) to 1",
        "row.thresholds": "Where it matters",
        "thresholds": "from {review} a person looks; from {reject} this gate refuses",
        "row.coverage": "How much was judged",
        "coverage": "{percent} % of it",
        "row.model": "Model",
        "row.models_then": "Models then",
        "detector.note": "Not flagged is not proof: forgeries of a kind that the model never saw pass, "
        "and honest files are flagged now and then.",
        "gauge.label": "The model's figure is {value}; a person looks from {review}, the gate refuses from {reject}",
        "gauge.none": "0: no sign",
        "gauge.full": "1",
        # -- the credentials
        "credentials.title": "Credentials",
        "credentials.question": "Does the file bring its own history?",
        "credentials.not_read": "Not read: only the SHA-256 was sent",
        "credentials.lead.not_read": "Without the file's bytes it is not known whether it carries Content Credentials "
        "(C2PA).",
        "credentials.NONE": "It brings none",
        "credentials.lead.NONE": "Most files carry no Content Credentials, and every ordinary re-save drops them. "
        "That counts neither for nor against it.",
        "credentials.REMOTE": "Kept elsewhere, by the file's word",
        "credentials.lead.REMOTE": "The file names an address for its Content Credentials. "
        "A stranger's address is not asked from here.",
        "credentials.UNREADABLE": "They could not be read",
        "credentials.lead.UNREADABLE": "The reader failed or had to be stopped. "
        "That counts neither for nor against the file.",
        "credentials.INVALID": "It brings some that do not hold",
        "credentials.lead.INVALID": "They were made for other bytes, or do not bear their own signature. "
        "A program that edits a file without knowing of them leaves just that behind.",
        "credentials.VALID": "It brings some that hold, by a signer not known here",
        "credentials.lead.VALID": "They fit this file, byte for byte. Anybody can make such a signature: "
        "whether the name in it is the signer's own, this installation cannot tell.",
        "credentials.TRUSTED": "It brings some that hold, by a signer trusted here",
        "credentials.lead.TRUSTED": "They fit this file, byte for byte, and this installation's operator trusts "
        "whoever vouches for the signer. What they say is the signer's word.",
        "credentials.TRUSTED.but": "Signed by one who is trusted here, but a part of it does not hold",
        "credentials.lead.TRUSTED.but": "The outermost credentials fit this file. Something that it was made from "
        "brought credentials that do not hold.",
        "credentials.ai": "it says itself that a trained model made it, wholly or in part",
        "credentials.note": "This is what the file brings along. It changes neither the registry's answer nor the "
        "detector's.",
        "row.code": "Finding",
        "row.remote": "The address it names",
        "row.signer": "Signed by",
        "row.signed_at": "Signed on",
        "row.generator": "Made with, it says",
        "row.title": "Called, it says",
        "row.source": "How it came about",
        "row.ingredient": "Made from",
        "ingredient.unnamed": "a part without a name",
        "ingredient.fails": "{title}: does not hold; {why}",
        "ingredient.more": "and {count} more",
        "code": "{words} ({code})",
        "code.signingCredential.untrusted": "the signer is not among those trusted here",
        "code.signingCredential.expired": "the signer's certificate had run out",
        "code.claimSignature.mismatch": "its signature does not fit what it signs",
        "code.assertion.dataHash.mismatch": "the file's bytes are not those that were signed",
        "code.assertion.bmffHash.mismatch": "the clip's bytes are not those that were signed",
        "code.assertion.hashedURI.mismatch": "a statement in it is not the one that was signed",
        "code.assertion.missing": "a statement that was signed is missing",
        "code.ingredient.manifest.missing": "the credentials of a part that it names are missing",
        "code.credentials_unreadable": "the reader failed or had to be stopped",
        "code.ingredients_unwalked": "it has more parts than are looked at here",
        # -- the limits
        "limits.title": "What this does not show",
        "limits.1": "That what the picture shows happened, or happened when and where somebody says.",
        "limits.2": "Who made the file: the record names who put it there, and when, not its author.",
        "limits.3": "That a file without a record is forged, or that one with a record is not.",
        "limits.4": "What was changed between a file and the record that it resembles.",
        # -- mistakes
        "problem.heading": "No answer",
        "problem.choose": "Choose a file first.",
        "problem.nothing_kept": "Nothing of the file was kept.",
    },
)
