"""The OpenAPI document: FastAPI's, with our own form of errors in place of its."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import Problem

_THEIRS = ("HTTPValidationError", "ValidationError")


def described(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if not app.openapi_schema:
        made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags)
        schemas = made["components"]["schemas"]
        for name in _THEIRS:
            schemas.pop(name, None)
        mine = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(mine.pop("$defs", {}))
        schemas["Problem"] = mine
        app.openapi_schema = made
    return app.openapi_schema
