"""Where the files that travel with Studio lie: sample data, templates, catalogue, schema.

In a checkout they are at the top of the repository; in an installed wheel they
are inside the package.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE if (_PACKAGE / "assets").is_dir() else _PACKAGE.parent

ASSETS = _ROOT / "assets"
TEMPLATES = _ROOT / "templates"
