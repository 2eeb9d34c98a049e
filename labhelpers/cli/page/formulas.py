"""Formulas in LaTeX as MathML, with a font for them, so that a page shows them alike everywhere and offline."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET
from html import escape, unescape
from importlib.util import find_spec
from pathlib import Path

from fontTools import subset  # type: ignore[import-untyped]
from latex2mathml import converter

FUNCTIONS = ("arg", "exp", "log", "max", "min")
"""Names that stand apart from what they are applied to."""
_OPENING = tuple("([{,;=<>≤≥∼∣|&")
_LETTERS = {*range(0x1D434, 0x1D468), 0x210E, *range(0x1D6E2, 0x1D71C)}
"""Slanted Latin and Greek letters, which browsers take for a variable."""
_SPACE = "0.167em"


def mathml(formula: str, display: str) -> str:
    """A formula as MathML; as its source where it is no LaTeX, which a student's answer may hold.

    Args:
        formula: in LaTeX, without dollars.
        display: ``"inline"`` or ``"block"``.
    """
    source = re.sub(r"\\arg(?![A-Za-z])", r"\\operatorname{arg}", formula)
    source = re.sub(r"(?<=\d)\{,\}(?=\d)", r"\\text{,}", source)
    try:
        text = converter.convert(source, display=display)
        math = ET.fromstring(
            text.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")
        )
    except (
        Exception
    ):  # the library has a class of its own for each mistake, and none above them
        return f"<code>{escape(formula)}</code>"
    if any((node.text or "").startswith("\\") for node in math.iter()):
        return f"<code>{escape(formula)}</code>"
    for row in list(math.iter()):
        _mend(row, block=display == "block")
    return ET.tostring(math, encoding="unicode")


def font_for(page: str) -> str:
    """A style sheet with the glyphs that the formulas of a page need; empty where it has none.

    The font is STIX Two Math, under the SIL Open Font License.
    """
    formulas = re.findall(r"<math.*?</math>", page, re.DOTALL)
    if not formulas:
        return ""
    signs = {
        ord(sign)
        for text in formulas
        for sign in unescape(re.sub(r"<[^>]*>", "", text))
    }
    options = subset.Options(flavor="woff", layout_features=["ssty", "dtls", "flac"])
    package = find_spec("ziamath")
    assert package is not None
    assert package.origin is not None
    font_file = Path(package.origin).parent / "fonts" / "STIXTwoMath-Regular.ttf"
    font = subset.load_font(str(font_file), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes={*signs, *_LETTERS, ord("√")})
    subsetter.subset(font)
    stream = io.BytesIO()
    subset.save_font(font, stream, options)
    data = base64.b64encode(stream.getvalue()).decode()
    return (
        f'@font-face {{ font-family: "Formulas"; src: url("data:font/woff;base64,{data}") format("woff"); }}\n'
        'math { font-family: "Formulas", math; }'
    )


def _mend(row: ET.Element, *, block: bool) -> None:
    """Give operators the spaces and the stretching that TeX gives them, where the library leaves them out."""
    before: ET.Element | None = None
    nodes = list(row)
    for node, after in zip(nodes, [*nodes[1:], None], strict=False):
        core = _core(node)
        if core.tag == "mi" and core.text in {"~", "±"}:
            core.tag, core.text = "mo", core.text.replace("~", "∼")
        if core.get("mathvariant") == "bold" and core.tag == "mn":
            core.text = "".join(chr(0x1D7CE + int(digit)) for digit in core.text or "")
        if core.tag == "mo" and len(core):  # \mathrel{+}=
            core.text = "".join(core.itertext())
            for inner in list(core):
                core.remove(inner)
            core.set("rspace", "0")
            if after is not None:
                _core(after).set("lspace", "0")
        if core.text == "‖":
            core.set("stretchy", "false")
        if core.text in FUNCTIONS:
            core.tag = "mo"
            core.set("lspace", "0" if _opens(before) or _is_sign(before) else _SPACE)
            opened = after is not None and (_core(after).text or "") in {"(", "["}
            core.set("rspace", "0" if opened else _SPACE)
            if block and node.tag == "msub" and core.text in {"max", "min"}:
                node.tag = "munder"
        if core.tag == "mo" and core.text in {"−", "-", "±", "+"} and _opens(before):
            core.set("form", "prefix")
        before = node


def _core(node: ET.Element) -> ET.Element:
    while node.tag in {"msub", "msup", "msubsup", "munder", "mover"} and len(node):
        node = node[0]
    return node


def _is_sign(node: ET.Element | None) -> bool:
    return node is not None and node.tag == "mo" and node.text not in {")", "]"}


def _opens(node: ET.Element | None) -> bool:
    """Whether a sign after this one stands before its operand, not between two."""
    if node is None or node.tag == "mspace":
        return True
    core = _core(node)
    return node is core and core.tag == "mo" and (core.text or "") in _OPENING
