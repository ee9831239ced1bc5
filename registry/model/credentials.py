"""`Credentials`: what a file's own C2PA manifest says of it, and whether that holds; evidence shown beside, never more.

Every string in a manifest is a stranger's. It enters these values through `plain` only: one line, no control or
direction characters, cut short.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

MAX_TEXT = 200  # characters of one string; a title is a file's name, 255 bytes on every common file system
MAX_URL = 2_000
MAX_CODES = 32
MAX_ACTIONS = 64
MAX_INGREDIENTS = 128
MAX_DEPTH = 16  # of ingredients' ingredients
UNREADABLE_CODE = "credentials_unreadable"
# What a picture that a trained model made says of itself: the IPTC's digital source types, by their last word.
AI_SOURCE_TYPES = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia")
_UNSHOWN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class CredentialsState(StrEnum):
    """How a file's credentials stand; none of these says anything about what the file shows.

    NONE: it carries none, or they were lost in a re-save. REMOTE: it names an address, which is never asked.
    UNREADABLE: the reader failed. INVALID: they do not fit the file or their own signature. VALID: they fit, by a
    signer whom this installation does not know. TRUSTED: they fit, by a signer under a configured trust anchor.
    """

    NONE = "NONE"
    REMOTE = "REMOTE"
    UNREADABLE = "UNREADABLE"
    INVALID = "INVALID"
    VALID = "VALID"
    TRUSTED = "TRUSTED"


def plain(text: str, limit: int = MAX_TEXT) -> str:
    """Return a stranger's text as one line of at most ``limit`` characters that changes nothing around it.

    Control, direction, unassigned and surrogate characters are dropped, and so is what is too long, before anything
    else looks at it.
    """
    shown = "".join(letter for letter in text[: 2 * limit] if unicodedata.category(letter) not in _UNSHOWN)
    return " ".join(shown.split())[:limit]


@dataclass(frozen=True, slots=True)
class CredentialsAction:
    """What the manifest says was done to the file.

    Attributes:
        name: such as ``c2pa.created``.
        source_type: the IPTC digital source type's URI, as given; absent if none.
    """

    name: str
    source_type: str | None

    @property
    def is_ai(self) -> bool:
        """Whether the manifest itself says that a trained model made it, wholly or in part."""
        return (self.source_type or "").rpartition("/")[2] in AI_SOURCE_TYPES


@dataclass(frozen=True, slots=True)
class CredentialsIngredient:
    """What the file was made from, as the manifest says.

    Attributes:
        title: usually a file's name.
        relationship: ``parentOf``, ``componentOf`` or ``inputTo``.
        depth: 1 for an ingredient of the file, 2 for one of its ingredients', and so on.
        codes: of C2PA, why its own credentials do not hold; empty where they do or where it has none.
    """

    title: str
    relationship: str
    depth: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Credentials:
    """A file's Content Credentials as one reader read them, with nothing fetched from anywhere.

    Attributes:
        state: of the active manifest, the one that speaks for these bytes.
        library: which reader, with its version: versions differ over some files; absent where it gave no answer.
        codes: of C2PA: why the state is not better; or `UNREADABLE_CODE`.
        detail: why they could not be read, for people.
        title: of the active manifest, as are the following.
        generator: the program that wrote it.
        signer: common name in the signing certificate.
        issuer: organisation in it.
        signed_at: Unix seconds by the signature's time stamp, absent without one.
        actions: in the manifest's order.
        ingredients: walked through all manifests, each before its own.
        manifests: how many there are in the file.
        remote_url: where the file says that its manifest is; text only, never asked.
    """

    state: CredentialsState
    library: str | None
    codes: tuple[str, ...] = ()
    detail: str | None = None
    title: str | None = None
    generator: str | None = None
    signer: str | None = None
    issuer: str | None = None
    signed_at: int | None = None
    actions: tuple[CredentialsAction, ...] = ()
    ingredients: tuple[CredentialsIngredient, ...] = ()
    manifests: int = 0
    remote_url: str | None = None

    @property
    def ingredients_hold(self) -> bool:
        """Whether no ingredient, at any depth, carries a code."""
        return not any(ingredient.codes for ingredient in self.ingredients)

    @property
    def says_ai(self) -> bool:
        """Whether the active manifest says that a trained model made the file, wholly or in part."""
        return any(action.is_ai for action in self.actions)

    def earns_level(self, now: int) -> bool:
        """Return whether an admission at ``now`` (Unix seconds) bears the level CREDENTIALS.

        Trusted, no code anywhere, and signed before: a time stamp from the future is somebody's error or lie.
        """
        earlier = self.signed_at is None or self.signed_at <= now
        return self.state is CredentialsState.TRUSTED and not self.codes and self.ingredients_hold and earlier
