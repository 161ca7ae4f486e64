"""The OpenAPI document: what FastAPI sees of the routes, with what is read by hand and what goes wrong."""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from retrieval.service.examples import ANSWERS, BODIES
from retrieval.service.libraries import PARAMETER
from retrieval.service.requests import SearchRequest
from retrieval.service.searches import SavedSearch
from retrieval.service.writes import Registration

PROBLEM = {
    "type": "object",
    "description": "What happened (`title`) and what to do (`detail`), as RFC 9457 has it.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "at": {"type": "integer", "description": "The character, from 0, at which a question cannot be read."},
    },
}
REFUSALS = {
    "4XX": "The request is refused: see docs/service.md for what each status means.",
    "503": "The service is busy; the header Retry-After says when to ask again.",
}


def document(app: FastAPI) -> dict[str, Any]:
    """The document of an application, made when it is first asked for."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        for form in (SearchRequest, Registration, SavedSearch):  # JSON or a form, so that they are read by hand
            schema = form.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas[form.__name__] = schema
        for name, examples in BODIES.items():
            if name in schemas:  # a service without a writer has no such requests
                schemas[name].setdefault("examples", examples)
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        schemas["Problem"] = PROBLEM
        told = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        names = getattr(app.state, "libraries", ())  # of the whole service; the part of another library has none
        named = PARAMETER | {"schema": {"type": "string"} | ({"enum": names} if names else {})}
        for name, path in made["paths"].items():
            for method, operation in path.items():
                if name.startswith("/v1/") and name != "/v1/libraries":
                    operation.setdefault("parameters", []).append(named)
                responses = operation["responses"]
                _add_example(responses, ANSWERS.get(f"{method.upper()} {name}"))
                responses.pop("422", None)
                responses.update({status: {"description": why, "content": told} for status, why in REFUSALS.items()})
        app.openapi_schema = made
    return app.openapi_schema


def _add_example(responses: dict[str, Any], example: Any) -> None:
    """An example of the answer in JSON where the request is fulfilled."""
    for status, answer in responses.items():
        told = answer.get("content", {}).get("application/json")
        if status.startswith("2") and told is not None and example is not None:
            told.setdefault("example", example)


def methods_at(app: FastAPI, path: str) -> list[str]:
    """The methods that the document has for a path; the framework's own answer names those of the first route alone."""
    found: set[str] = set()
    for template, operations in document(app)["paths"].items():
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path):
            found.update(method.upper() for method in operations)
    return sorted(found)
