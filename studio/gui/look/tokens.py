"""The colours of both themes by name, and what text stands on what: one place for each fact.

Contrast follows the Web Content Accessibility Guidelines 2.2: 4.5 for text, 3
for the marks that carry meaning (https://www.w3.org/TR/WCAG22/#contrast-minimum).
"""

from __future__ import annotations

from msgspec import Struct


class Tokens(Struct, frozen=True):
    """The colours of a theme, as #RRGGBB."""

    name: str
    window: str
    panel: str
    canvas: str
    dots: str
    hairline: str
    text: str
    muted: str
    faint: str
    accent: str
    on_accent: str
    selection: str
    node: str
    edge: str
    chip: str
    field: str
    hover: str
    good: str
    warning: str
    error: str
    second: str
    shadow: str
    code_keyword: str
    code_string: str
    code_number: str
    code_comment: str
    code_name: str


LIGHT = Tokens(
    name="light",
    window="#F4F6F8",
    panel="#FFFFFF",
    canvas="#FAFBFC",
    dots="#D9DFE7",
    hairline="#E1E6EC",
    text="#17202B",
    muted="#5A6675",
    faint="#667180",
    accent="#2563EB",
    on_accent="#FFFFFF",
    selection="#EBF1FE",
    node="#FFFFFF",
    edge="#9AA7B6",
    chip="#EEF1F5",
    field="#F6F8FA",
    hover="#F0F3F7",
    good="#0B7A53",
    warning="#9A5B00",
    error="#C2262E",
    second="#D97706",
    shadow="#17202B",
    code_keyword="#8B2FC9",
    code_string="#0B7A53",
    code_number="#A3400B",
    code_comment="#5F6B7A",
    code_name="#1D4ED8",
)

DARK = Tokens(
    name="dark",
    window="#14171C",
    panel="#1A1E25",
    canvas="#101318",
    dots="#262C36",
    hairline="#2B313B",
    text="#E7EBF1",
    muted="#A3AEBC",
    faint="#828D9B",
    accent="#7AA7FF",
    on_accent="#0E1726",
    selection="#1E2B45",
    node="#20252E",
    edge="#5B6776",
    chip="#252B35",
    field="#15191F",
    hover="#222832",
    good="#4CC38A",
    warning="#E5A23D",
    error="#FF7B80",
    second="#F2A65A",
    shadow="#000000",
    code_keyword="#C39BFF",
    code_string="#7BD3A5",
    code_number="#F2A65A",
    code_comment="#8A95A3",
    code_name="#8DB4FF",
)

THEMES = {"light": LIGHT, "dark": DARK}

FAMILIES = {
    "input": "#0E9F6E",
    "core": "#3B6FE0",
    "convolution": "#7C4DDB",
    "pooling": "#0891A8",
    "normalisation": "#6B7787",
    "regularisation": "#A87411",
    "merging": "#4C5FD5",
    "activation": "#C2410C",
    "reshaping": "#5B7083",
    "recurrent": "#D9480F",
    "attention": "#C2255C",
    "preprocessing": "#2B8A3E",
    "ops": "#64748B",
    "custom": "#9333EA",
    "block": "#4C5FD5",
    "application": "#0F766E",
    "source": "#0E9F6E",
    "stage": "#3B6FE0",
    "split": "#C2255C",
}
"""The strip at a node's left, the dot in the library; the same in both themes."""

SERIES = {
    "light": (
        "#2563EB", "#D97706", "#0B7A53", "#C2262E", "#7C3AED",
        "#0891B2", "#D6409F", "#7C8A00", "#7A4B2A", "#475569",
    ),
    "dark": (
        "#6E9BFF", "#F2A65A", "#4CC38A", "#FF6B70", "#B48CFF",
        "#4FD1E0", "#FF8AD8", "#D4DB4A", "#B5835A", "#B6C0CC",
    ),
}  # fmt: skip
"""Curves in one plot, each unlike the others to the eye (0.08 in OKLab and more)."""

HEAT = ("#3B6FE0", "#1FA89B", "#E8A317", "#E04545")
"""From little to much: what nodes glow with while they train; the same in both themes."""

# Text, and the grounds it stands on.
TEXT_ON = (
    ("text", ("window", "panel", "canvas", "node", "chip", "field", "hover", "selection")),
    ("muted", ("window", "panel", "node", "field", "hover", "canvas")),
    ("faint", ("canvas",)),
    ("accent", ("panel", "window", "selection", "node")),
    ("on_accent", ("accent",)),
    ("good", ("panel", "window", "node")),
    ("warning", ("panel", "window", "node")),
    ("error", ("panel", "window", "node", "field")),
    ("code_keyword", ("panel",)),
    ("code_string", ("panel",)),
    ("code_number", ("panel",)),
    ("code_comment", ("panel",)),
    ("code_name", ("panel",)),
)


def family_colour(family: str) -> str:
    """The colour of a family; that of plain ops for one without."""
    return FAMILIES.get(family, FAMILIES["ops"])


def luminance(colour: str) -> float:
    """Relative luminance of #RRGGBB, from 0 (black) to 1 (white)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)
