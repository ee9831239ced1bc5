"""Content Credentials on the wire: what the file itself says, beside the registry's own answer."""

from __future__ import annotations

from typing import Literal, Self

from api.schemas.records import Wire
from registry.model import Credentials


class CredentialsActionOut(Wire):
    """What the manifest says was done; ``digital_source_type`` is the IPTC's URI as given."""

    action: str
    digital_source_type: str | None


class CredentialsIngredientOut(Wire):
    """What the manifest says the file was made from; ``codes`` say why that part's own credentials do not hold."""

    title: str
    relationship: str
    depth: int
    codes: list[str]


class CredentialsOut(Wire):
    """What the file's C2PA manifest says and whether that holds; evidence of its own, of no weight in the answer.

    Every string is the manifest's, cut short and without control characters. ``state`` is about the manifest that
    speaks for these bytes; ``ingredients_hold`` is false where a part that it was made from carries codes.
    """

    state: Literal["NONE", "REMOTE", "UNREADABLE", "INVALID", "VALID", "TRUSTED"]
    codes: list[str]
    detail: str | None
    title: str | None
    generator: str | None
    signer: str | None
    issuer: str | None
    signed_at: int | None
    says_ai: bool
    actions: list[CredentialsActionOut]
    ingredients: list[CredentialsIngredientOut]
    ingredients_hold: bool
    manifests: int
    remote_url: str | None
    library: str | None

    @classmethod
    def of(cls, credentials: Credentials) -> Self:
        """Return the credentials' public form."""
        return cls.model_validate(
            {
                "state": credentials.state.value,
                "codes": list(credentials.codes),
                "detail": credentials.detail,
                "title": credentials.title,
                "generator": credentials.generator,
                "signer": credentials.signer,
                "issuer": credentials.issuer,
                "signed_at": credentials.signed_at,
                "says_ai": credentials.says_ai,
                "actions": [
                    {"action": action.name, "digital_source_type": action.source_type} for action in credentials.actions
                ],
                "ingredients": [
                    {
                        "title": each.title,
                        "relationship": each.relationship,
                        "depth": each.depth,
                        "codes": list(each.codes),
                    }
                    for each in credentials.ingredients
                ],
                "ingredients_hold": credentials.ingredients_hold,
                "manifests": credentials.manifests,
                "remote_url": credentials.remote_url,
                "library": credentials.library,
            }
        )
