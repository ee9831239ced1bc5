"""The credentials' card in words: the file's own history, beside the registry's answer and never part of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from api.web.registry_rows import Row, when
from api.web.words import Words
from registry.model import Credentials, CredentialsIngredient, CredentialsState

_SHOWN_INGREDIENTS = 8


@dataclass(frozen=True, slots=True)
class CredentialsCard:
    """What the file's own Content Credentials say; every value in it is a stranger's text."""

    headline: str
    lead: str
    rows: tuple[Row, ...]


def of_credentials(credentials: Credentials | None, say: Words) -> CredentialsCard:
    """Return the card; ``credentials`` are absent where only a digest was sent."""
    if credentials is None:
        return CredentialsCard(say("credentials.not_read"), say("credentials.lead.not_read"), ())
    state = credentials.state
    key = state.name
    if state is CredentialsState.TRUSTED and not (credentials.ingredients_hold and not credentials.codes):
        key = "TRUSTED.but"
    return CredentialsCard(say(f"credentials.{key}"), say(f"credentials.lead.{key}"), tuple(_rows(credentials, say)))


def _rows(credentials: Credentials, say: Words) -> Iterator[Row]:
    for code in credentials.codes:
        yield Row(say("row.code"), _code(code, say))
    if credentials.remote_url:
        yield Row(say("row.remote"), credentials.remote_url, is_code=True)
    signer = ", ".join(text for text in (credentials.signer, credentials.issuer) if text)
    if signer:
        yield Row(say("row.signer"), signer)
    if credentials.signed_at is not None:
        yield Row(say("row.signed_at"), when(credentials.signed_at))
    if credentials.generator:
        yield Row(say("row.generator"), credentials.generator)
    if credentials.title:
        yield Row(say("row.title"), credentials.title)
    if credentials.says_ai:
        yield Row(say("row.source"), say("credentials.ai"))
    # Parts that do not hold come first: a long list must not hide them.
    ordered = sorted(credentials.ingredients, key=lambda each: not each.codes)
    for ingredient in ordered[:_SHOWN_INGREDIENTS]:
        yield Row(say("row.ingredient"), _ingredient(ingredient, say))
    if len(ordered) > _SHOWN_INGREDIENTS:
        yield Row(say("row.ingredient"), say("ingredient.more", count=len(ordered) - _SHOWN_INGREDIENTS))


def _ingredient(ingredient: CredentialsIngredient, say: Words) -> str:
    title = ingredient.title or say("ingredient.unnamed")
    if not ingredient.codes:
        return title
    return say("ingredient.fails", title=title, why="; ".join(_code(code, say) for code in ingredient.codes))


def _code(code: str, say: Words) -> str:
    key = f"code.{code}"
    return say("code", words=say(key), code=code) if key in say.sentences else code
