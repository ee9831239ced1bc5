from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from registry.media import Decoder


class HostileDecoder(Decoder):
    """A decoder whose server is `hostile_server`: children misbehave as the file's bytes tell them."""

    _COMMAND: ClassVar[tuple[str, ...]] = (str(Path(__file__).with_name("hostile_server.py")),)
