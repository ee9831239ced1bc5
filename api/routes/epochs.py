"""``/v1/epochs``: the leaves of the days that have closed; nothing can be read from them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.deps import Writing

router = APIRouter(prefix="/v1", tags=["reading"])


@router.get("/epochs/{epoch}")
def epoch_list(epoch: Annotated[int, Path(ge=0, lt=1 << 32)], side: Writing) -> Response:
    """Return the leaves of a closed epoch (a UTC day number), by which anybody can compute its root on the ledger."""
    return Response(side.epochs.list_of(epoch), media_type="application/json")
