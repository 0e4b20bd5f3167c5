"""What was found inside a node, in words."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.engine.inside.judging import Finding


def words(finding: Finding) -> str:
    """A finding as a tooltip shows it."""
    return f"<p><b>{escape(finding.message)}</b></p><p>{escape(finding.mend)}</p>"
