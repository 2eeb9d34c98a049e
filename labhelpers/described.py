"""A picture with a text for readers who do not see it, as a notebook shows both."""

from __future__ import annotations

import base64
from html import escape
from typing import Any


class Described:
    """An image file that a notebook shows with its alt text.

    Args:
        image: the bytes of the file.
        alt: what it shows, in words.
        kind: its media type.
    """

    def __init__(self, image: bytes, alt: str, kind: str = "image/png") -> None:
        self.image = image
        self.alt = alt
        self.kind = kind

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        # JupyterLab and nbconvert show no alt text of an image/png output, so they get a tag; the image itself is for
        # what reads no HTML: graders' pages, a PDF made with LaTeX.
        encoded = base64.b64encode(self.image).decode()
        data = {
            "text/plain": self.alt,
            "text/html": f'<img alt="{escape(self.alt)}" src="data:{self.kind};base64,{encoded}">',
        }
        if self.kind == "image/png":
            data[self.kind] = encoded
        return data, {self.kind: {"alt": self.alt}}
