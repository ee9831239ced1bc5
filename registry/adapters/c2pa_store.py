"""A manifest store, as the C2PA library gives it in JSON, turned into `Credentials`.

The library has checked hashes and signatures; every string in it, and how it hangs together, is a stranger's.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

from registry.model.credentials import (
    MAX_ACTIONS,
    MAX_CODES,
    MAX_DEPTH,
    MAX_INGREDIENTS,
    Credentials,
    CredentialsAction,
    CredentialsIngredient,
    CredentialsState,
    plain,
)

Json = Mapping[str, object]
# Whom to trust is for whoever reads, not for whoever took the ingredient in: what is found now overrules the one by the
# other. The library tells of an ingredient only what differs from what its taker found.
_UNTRUSTED, _TRUSTED = "signingCredential.untrusted", "signingCredential.trusted"
# An ingredient that the walk does not reach is an ingredient of which nothing is known.
UNWALKED_CODE = "ingredients_unwalked"
_STATES = {
    "Trusted": CredentialsState.TRUSTED,
    "Valid": CredentialsState.VALID,
    "Invalid": CredentialsState.INVALID,
}


def credentials_of(store: Json, library: str) -> Credentials:
    """Return the credentials in a manifest store.

    Args:
        store: with ``active_manifest``, ``manifests``, ``validation_state`` and ``validation_status``.
        library: name and version of what made it.

    Raises:
        ValueError: the store's state is none that is known.
    """
    word = store.get("validation_state")
    if not isinstance(word, str) or word not in _STATES:
        raise ValueError(f"validation_state: expected one of {list(_STATES)}, got {word!r}")
    manifests = _object(store.get("manifests"))
    label = str(store.get("active_manifest"))
    active = _object(manifests.get(label))
    signature = _object(active.get("signature_info"))
    results = _object(store.get("validation_results"))
    ingredients, is_whole = _walked(label, manifests, _found_now(results))
    codes = [*_codes(store.get("validation_status")), *([] if is_whole else [UNWALKED_CODE])]
    return Credentials(
        state=_STATES[word],
        library=library,
        codes=_distinct(codes),
        title=_text(active.get("title")),
        generator=_generator(active),
        signer=_text(signature.get("common_name")),
        issuer=_text(signature.get("issuer")),
        signed_at=_time(signature.get("time")),
        actions=tuple(_actions(active))[:MAX_ACTIONS],
        ingredients=ingredients,
        manifests=len(manifests),
    )


def _walked(active: str, manifests: Json, now: Mapping[str, Json]) -> tuple[tuple[CredentialsIngredient, ...], bool]:
    """Return the ingredients, each before its own, and whether the walk met all of them."""
    found: list[CredentialsIngredient] = []
    waiting = [(active, each, 1) for each in _ingredients(active, manifests)]
    walked = {active}
    while waiting and len(found) < MAX_INGREDIENTS:
        parent, ingredient, depth = waiting.pop()
        uri = f"self#jumbf=/c2pa/{parent}/c2pa.assertions/{ingredient.get('label')}"
        found.append(_ingredient(ingredient, depth, now.get(uri, {})))
        label = ingredient.get("active_manifest")
        if not isinstance(label, str) or label in walked:  # a manifest that several share is walked once
            continue
        inner = _ingredients(label, manifests)
        if inner and depth == MAX_DEPTH:
            return tuple(found), False
        walked.add(label)
        waiting += [(label, each, depth + 1) for each in inner]
    return tuple(found), not waiting


def _ingredients(label: str, manifests: Json) -> list[Json]:
    """Return a manifest's ingredients, last first: as they are taken from a stack."""
    return _objects(_object(manifests.get(label)).get("ingredients"))[::-1]


def _found_now(results: Json) -> dict[str, Json]:
    """Return what the library itself finds of ingredients, by the address of their assertion."""
    return {
        str(delta.get("ingredientAssertionURI")): _object(delta.get("validationDeltas"))
        for delta in _objects(results.get("ingredientDeltas"))
    }


def _ingredient(ingredient: Json, depth: int, now: Json) -> CredentialsIngredient:
    """Return an ingredient with what its taker found wrong with it, in either form, and what is found now."""
    results = _object(ingredient.get("validation_results"))
    taken = _codes(ingredient.get("validation_status"))
    taken += _codes(_object(results.get("activeManifest")).get("failure"))
    for delta in _objects(results.get("ingredientDeltas")):
        taken += _codes(_object(delta.get("validationDeltas")).get("failure"))
    if _TRUSTED in _codes(now.get("success")):
        taken = [code for code in taken if code != _UNTRUSTED]
    codes = [*taken, *_codes(now.get("failure"))]
    return CredentialsIngredient(
        title=_text(ingredient.get("title")) or "",
        relationship=_text(ingredient.get("relationship")) or "",
        depth=depth,
        codes=_distinct(codes),
    )


def _actions(manifest: Json) -> Iterator[CredentialsAction]:
    for assertion in _objects(manifest.get("assertions")):
        label = str(assertion.get("label"))
        if label.partition("__")[0] in {"c2pa.actions", "c2pa.actions.v2"}:
            for action in _objects(_object(assertion.get("data")).get("actions")):
                name = _text(action.get("action")) or ""
                yield CredentialsAction(name, _text(action.get("digitalSourceType")))


def _generator(manifest: Json) -> str | None:
    programs = _objects(manifest.get("claim_generator_info"))
    words = [str(part) for part in (programs[0].get("name"), programs[0].get("version")) if part] if programs else []
    return _text(" ".join(words)) or _text(manifest.get("claim_generator"))


def _codes(statuses: object) -> list[str]:
    return [_text(status.get("code")) or "" for status in _objects(statuses)]


def _distinct(codes: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))[:MAX_CODES]


def _time(value: object) -> int | None:
    try:
        parsed = datetime.datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
    return int(parsed.timestamp()) if parsed is not None and parsed.tzinfo is not None else None


def _text(value: object) -> str | None:
    return plain(value) or None if isinstance(value, str) else None


def _object(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _objects(value: object) -> list[Json]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
