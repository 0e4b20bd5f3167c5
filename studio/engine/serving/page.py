"""The page at /: what the model takes and gives, an example for a terminal, and a form to try it.

All text from the project goes through `escape`; what the form does is in page/page.js, which puts
text in as text alone.
"""

from __future__ import annotations

import json
import shlex
from html import escape
from typing import Any

from msgspec import to_builtins

from studio.engine.serving.model import About
from studio.engine.serving.signature import DEFAULT, IMAGES, RAW, Signature, Tensor
from studio.graph.spec import shape_text
from studio.graph.targets import Target

LONGEST = 2000
"""Characters of a request that is shown whole; a longer one is read from a file."""

TITLES = {IMAGES: "Image files", RAW: "Raw rows", DEFAULT: "Model inputs"}
ABOUT = {
    IMAGES: "The bytes of a file; they are read, resized and prepared as in the training.",
    RAW: "Rows as the data have them; they are prepared as those of the training were.",
    DEFAULT: "What the model itself takes, prepared already.",
}


def page(about: About, address: str) -> bytes:
    """The page, for a server that is asked at this address (http://127.0.0.1:8501)."""
    names = _order(about)
    parts = {
        "name": escape(about.name),
        "run": escape(about.run),
        "note": f'<p class="note">{escape(about.note)}</p>' if about.note else "",
        "choice": _choice(names) if len(names) > 1 else "",
        "schemas": "".join(_schema(about, name, len(names) > 1) for name in names),
        "outputs": _outputs(about),
        "curl": escape(curl(about, address)),
        "paths": _paths(about),
    }
    text = PAGE
    for key, value in parts.items():
        text = text.replace(f"@{key}@", value.replace("@", "&#64;"))
    return text.encode(errors="replace")


def page_data(about: About) -> dict[str, Any]:
    """What the form is made of."""
    return {
        "name": about.name,
        "default": about.default,
        "order": _order(about),
        "signatures": {name: to_builtins(each) for name, each in about.signatures.items()},
        "labels": about.labels(),
        "samples": about.samples,
        "split": about.split,
    }


def curl(about: About, address: str) -> str:
    """A command that asks for the prediction of a row."""
    name = _order(about)[0]
    signature = about.signatures[name]
    head = (
        f"curl {address}/v1/models/{about.name}:predict \\\n"
        f"  -H 'Content-Type: application/json' \\\n  -d "
    )
    if name == IMAGES:
        return _from_file(head, name if name != about.default else "")
    row = about.samples.get(name) or {each.name: _zeros(each) for each in signature.inputs}
    instance = row[signature.inputs[0].name] if signature.single else row
    asked = {"instances": [instance]}
    if name != about.default:
        asked = {"signature_name": name} | asked
    text = json.dumps(asked, ensure_ascii=False)
    body = shlex.quote(text) if len(text) <= LONGEST else "@request.json"
    return head + body


def _from_file(head: str, name: str) -> str:
    """A command that puts a file into a request; the shell's own printf takes one of any length."""
    named = f'"signature_name": "{name}", ' if name else ""
    body = f'{{{named}"instances": [{{"b64": "%s"}}]}}'
    return f"printf '{body}' \\\n  \"$(base64 < image.png | tr -d '\\n')\" |\n{head}@-"


def _order(about: About) -> list[str]:
    """The signatures, those for people first, if one row of them can be predicted from."""
    names = [name for name in (IMAGES, RAW, DEFAULT) if name in about.signatures]
    return sorted(
        names, key=lambda n: n != IMAGES and bool(about.samples) and n not in about.samples
    )


def _zeros(tensor: Tensor) -> Any:
    value: Any = "" if tensor.dtype == "string" else False if tensor.dtype == "bool" else 0
    for size in reversed(tensor.shape):
        value = [value] * (1 if size is None else size)
    return value


def _choice(names: list[str]) -> str:
    options = "".join(
        f'<label><input type="radio" name="signature" value="{name}"{" checked" * (not at)}>'
        f"<span>{TITLES[name]}</span></label>"
        for at, name in enumerate(names)
    )
    return f'<fieldset class="choice"><legend>What to write</legend>{options}</fieldset>'


def _schema(about: About, name: str, several: bool) -> str:
    signature: Signature = about.signatures[name]
    unsaid = " (when none is named)" if name == about.default and several else ""
    head = f'<h3>{TITLES[name]} <code>{name}</code><span class="quiet">{unsaid}</span></h3>'
    rows = f" It takes {signature.rows} rows at once." if signature.rows else ""
    lines = "".join(
        f'<tr><th scope="row">{escape(each.name)}</th><td><code>{each.dtype}</code></td>'
        f"<td><code>{_shape(each)}</code></td><td>{_remark(each)}</td></tr>"
        for each in signature.inputs
    )
    return (
        f'{head}<p class="quiet">{ABOUT[name]}{rows}</p>'
        f'<div class="scroll"><table><thead><tr><th scope="col">input</th><th scope="col">dtype'
        f'</th><th scope="col">shape of a row</th><td></td></tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _shape(tensor: Tensor) -> str:
    if tensor.shape is None:
        return "not known"
    return shape_text(tensor.shape) if tensor.shape else "()"


def _remark(tensor: Tensor) -> str:
    said = []
    if tensor.image is not None:
        said.append(f"{tensor.image}, brought to {tensor.image.height} × {tensor.image.width}")
    if tensor.ragged:
        said.append("of any length, row by row")
    elif None in tensor.shape:
        said.append("of any length, the same in all rows")
    if tensor.missing:
        said.append("values may be null")
    return ", ".join(said)


def _outputs(about: About) -> str:
    targets = {each.output: each for each in about.targets}
    outputs = next(iter(about.signatures.values())).outputs
    lines = "".join(
        f'<tr><th scope="row">{escape(each.name)}</th><td><code>{each.dtype}</code></td>'
        f"<td><code>{_shape(each)}</code></td><td>{_stands_for(targets.get(each.name))}</td></tr>"
        for each in outputs
    )
    return (
        '<div class="scroll"><table><thead><tr><th scope="col">output</th><th scope="col">dtype'
        '</th><th scope="col">shape of a row</th><th scope="col">what it stands for</th></tr>'
        f"</thead><tbody>{lines}</tbody></table></div>"
    )


def _stands_for(target: Target | None) -> str:
    if target is None or target.kind == "values":
        return "values"
    names = ", ".join(escape(name) for name in target.names[:12])
    more = len(target.names) - 12
    names += f" and {more} more" if more > 0 else ""
    what = {"classes": "one of", "binary": "the second of", "labels": "any of"}[target.kind]
    scale = "logits" if target.logits else "probabilities"
    return f"{scale} of {what} {names}"


def _paths(about: About) -> str:
    path = f"/v1/models/{about.name}"
    said = {
        f"POST {path}:predict": "predictions",
        f"GET {path}": "whether the model is there",
        f"GET {path}/metadata": "the signatures, as TensorFlow Serving tells them",
        f"GET {path}/labels": "the names of the classes",
    }
    return "".join(
        f"<li><code>{escape(way)}</code> <span>{what}</span></li>" for way, what in said.items()
    )


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>@name@</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>
</head>
<body>
<header>
<div>
<h1>@name@</h1>
<p class="run">run <code>@run@</code></p>
</div>
<p id="state" class="state" role="status">served</p>
</header>
@note@
<main>
<section class="card try" aria-labelledby="try-title">
<h2 id="try-title">Try it</h2>
<noscript><p>The form needs JavaScript; the command below doesn't.</p></noscript>
<form id="form" novalidate>
@choice@
<p id="origin" class="quiet"></p>
<div id="fields"></div>
<div class="actions"><button type="submit" id="ask">Predict</button>
<button type="button" id="reset" class="plain">Put the row back</button></div>
</form>
</section>
<section class="card answer" aria-labelledby="answer-title">
<h2 id="answer-title">Answer</h2>
<div id="answer" aria-live="polite"><p class="quiet">Press Predict to see what the model says.</p>
</div>
<details id="whole" hidden><summary>As JSON</summary><pre id="json" tabindex="0"></pre></details>
</section>
<section class="card" aria-labelledby="program-title">
<h2 id="program-title">Ask from a program</h2>
<div class="code"><button type="button" id="copy" class="plain">Copy</button>
<pre id="curl" tabindex="0">@curl@</pre></div>
<ul class="paths">@paths@</ul>
</section>
<section class="card" aria-labelledby="schema-title">
<h2 id="schema-title">Inputs and outputs</h2>
@schemas@
<h3>Outputs</h3>
@outputs@
</section>
</main>
</body>
</html>
"""
