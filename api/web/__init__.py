"""The page where a person gives a file and reads the answer in words."""

from api.web.pages import router, static_files

__all__ = ["router", "static_files"]
