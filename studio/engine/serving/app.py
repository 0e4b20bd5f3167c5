"""The application: the paths of TensorFlow Serving's REST API, and a page to try the model."""

from __future__ import annotations

import contextlib
from importlib.resources import files
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.engine.serving.host import is_trusted
from studio.engine.serving.model import Model, error_body, kept
from studio.engine.serving.page import page, page_data
from studio.engine.serving.refusal import Refusal
from studio.engine.serving.signature import metadata
from studio.graph.problems import quoted

JSON = "application/json"


class _Name(StringConvertor):
    """A model's name in a path, which ends before what is asked of it: NAME:predict."""

    regex = "[^/:]+"


register_url_convertor("model", _Name())

LINGER = 8
"""A body that is too long is read on to so many times its limit, and thrown away, so that who
sends it comes to read why it is refused."""

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
STATIC = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}


def application(model: Model, most_bytes: int, host: str) -> ASGIApp:
    """What answers requests; a body has at most so many bytes, `host` is where it listens."""

    @contextlib.asynccontextmanager
    async def life(_: FastAPI):
        async with kept(model):
            yield

    # No pages of documentation: they would load their scripts from elsewhere.
    app = FastAPI(lifespan=life, openapi_url=None, docs_url=None, redoc_url=None)
    app.router.redirect_slashes = False
    about = model.about

    def named(name: str) -> None:
        if name != about.name:
            raise Refusal(f"There is no model {quoted(name)} here, but {quoted(about.name)}.", 404)

    @app.get("/v1/models/{name:model}/metadata")
    async def told(name: str) -> Response:
        named(name)
        return _json(metadata(about.name, about.signatures))

    @app.get("/v1/models/{name:model}/labels")
    async def labels(name: str) -> Response:
        named(name)
        return _json({"labels": about.labels()})

    @app.get("/v1/models/{name:model}")
    async def status(name: str) -> Response:
        named(name)
        state = "AVAILABLE" if model.ready else "LOADING"
        version = {"version": "1", "state": state}
        version["status"] = {"error_code": "OK", "error_message": ""}
        return _json({"model_version_status": [version]})

    @app.post("/v1/models/{name:model}:predict")
    async def predict(name: str, request: Request) -> Response:
        named(name)
        _check_head(request)
        answer = await model.predict(lambda: _body(request, most_bytes))
        return Response(answer, media_type=JSON)

    @app.get("/")
    async def root(request: Request) -> Response:
        return Response(page(about, str(request.base_url).rstrip("/")), media_type="text/html")

    @app.get("/page.json")
    async def data() -> Response:
        return _json(page_data(about))

    @app.get("/{name}")
    async def static(name: str) -> Response:
        if name not in STATIC:
            raise HTTPException(404)
        content = (files("studio.engine.serving") / "page" / name).read_bytes()
        return Response(content, media_type=STATIC[name])

    @app.exception_handler(Refusal)
    async def refused(_: Request, refusal: Refusal) -> Response:
        return _refused(str(refusal), refusal.status, refusal.headers)

    @app.exception_handler(HTTPException)
    async def not_there(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            path = f"/v1/models/{about.name}"
            return _refused(
                f"There is no {quoted(request.url.path)} here. There is the model's {path}, "
                f"{path}/metadata, {path}/labels, and {path}:predict.",
                404,
            )
        sentence = f"{request.method} isn't for {quoted(request.url.path)}."
        if error.status_code == 405:
            sentence += f" Ask by {(error.headers or {}).get('Allow', 'GET')}."
        return _refused(sentence, error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def failed(_: Request, error: Exception) -> Response:
        sentence = f"Something went wrong inside Studio ({type(error).__name__}: {error})."
        return _refused(sentence, 500)

    return _Guard(app, host)


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type=JSON)


def _refused(sentence: str, status: int, headers: Any = None) -> Response:
    return Response(error_body(sentence), status, headers, JSON)


def _check_head(request: Request) -> None:
    """Refuses what can be known to be no request before its body has come."""
    given = request.headers.get("content-type", "")
    kind, _, parameters = given.partition(";")
    # A page from elsewhere may send other types here without asking, so this is a guard, too.
    if kind.strip().lower() != JSON:
        found = quoted(given) if given else "none"
        raise Refusal(f"The content type is {found}, but {quoted(JSON)} is expected.", 415)
    charset = parameters.replace(" ", "").replace('"', "").lower()
    if charset not in ("", "charset=utf-8"):
        raise Refusal(f"The content type is {quoted(given)}, but JSON is UTF-8.", 415)
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise Refusal(f"The content is encoded as {quoted(encoding)}; send it as it is.", 415)


async def _body(request: Request, most_bytes: int) -> bytes:
    """The body, counted as it comes; Refusal where it is too long, or isn't finished."""
    parts, size = [], 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise Refusal("The body ends before it is whole.")
        size += len(message.get("body", b""))
        if size <= most_bytes:
            parts.append(message.get("body", b""))
        else:
            parts.clear()
        over = size > LINGER * most_bytes
        if over or not message.get("more_body", False):
            break
    if size > most_bytes:
        raise Refusal(
            f"The body has more than {most_bytes:,} bytes. Ask for fewer rows at once, or serve "
            "with more --max-bytes.",
            413,
            {"Connection": "close"},
        )
    return b"".join(parts)


class _Guard:
    """Refuses what was sent to another host's name, and gives all answers their headers."""

    def __init__(self, app: ASGIApp, host: str):
        self.app = app
        self.host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = list(message["headers"])
                there += [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": there}
            await send(message)

        hosts = [value for name, value in scope["headers"] if name == b"host"]
        found = hosts[0].decode("latin-1") if len(hosts) == 1 else ""
        if not is_trusted(found, self.host):
            sentence = f"The header Host is {quoted(found)}, which isn't this server's name."
            await _refused(sentence, 400)(scope, receive, with_headers)
            return
        await self.app(scope, receive, with_headers)
