"""The page about the HTTP interface, drawn from the OpenAPI document: nothing on it is written twice, nothing is loaded from elsewhere."""

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.door import Here
from models.reference_page import Call, CallGroup, Parameter, RecordField, RecordView, ReferencePage, Reply

pages = APIRouter(include_in_schema=False)
JSON = "application/json"
PROBLEM = "application/problem+json"


@pages.get("/docs")
def show(request: Request, here: Here) -> Response:
    """Every call and every record."""
    document = request.app.openapi()
    record = ReferencePage(
        chrome=here.chrome, title="The HTTP interface", about=document["info"]["description"].replace("`", "").split("\n\n"),
        groups=[group(document, tag) for tag in document["tags"]],
        records=[record_view(name, schema) for name, schema in sorted(document["components"]["schemas"].items())],
    )  # fmt: skip
    return here.page("pages/reference.html", record)


def group(document: dict[str, Any], tag: dict[str, str]) -> CallGroup:
    """The calls under one tag."""
    found = [
        call(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if tag["name"] in operation.get("tags", [])
    ]
    return CallGroup(title=tag["name"].capitalize(), text=tag["description"].replace("`", ""), calls=found)


def call(method: str, path: str, operation: dict[str, Any]) -> Call:
    """One call."""
    body = operation.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema", {})
    return Call(
        method=method.upper(), path=path, title=operation["summary"], text=operation.get("description", "").replace("`", ""),
        parameters=[parameter(one) for one in operation.get("parameters", [])], takes=named(body),
        replies=[reply(status, answer) for status, answer in sorted(operation["responses"].items())],
    )  # fmt: skip


def parameter(one: dict[str, Any]) -> Parameter:
    """A parameter as the table shows it."""
    return Parameter(
        name=one["name"],
        where=one["in"],
        type=kind(one["schema"]),
        required=one.get("required", False),
        text=one.get("description", "").replace("`", ""),
    )


def reply(status: str, answer: dict[str, Any]) -> Reply:
    """An answer as the table shows it."""
    content = answer.get("content", {})
    schema = (content.get(JSON) or content.get(PROBLEM) or {}).get("schema", {})
    return Reply(status=status, text=answer["description"], schema_name=next(iter(named(schema)), ""))


def record_view(name: str, schema: dict[str, Any]) -> RecordView:
    """A record as the table shows it."""
    fields = [
        RecordField(
            name=field,
            type=kind(part),
            of=named(part),
            required=field in schema.get("required", []),
            text=part.get("description", "").replace("`", ""),
        )
        for field, part in schema.get("properties", {}).items()
    ]
    examples = schema.get("examples", [])
    example = json.dumps(examples[0], indent=2, ensure_ascii=False) if examples else ""
    return RecordView(name=name, text=schema.get("description", "").replace("`", ""), fields=fields, example=example)


def kind(schema: dict[str, Any]) -> str:
    """A schema's type in words: "list of", "string or null", "one of a, b"."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(filter(None, map(kind, schema["anyOf"]))))
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if "const" in schema:
        return f'"{schema["const"]}"'
    if schema.get("type") == "array":
        return f"list of {kind(schema['items'])}".strip()
    return schema.get("format") or schema.get("type", "")


def named(schema: dict[str, Any]) -> list[str]:
    """The records that a schema refers to."""
    if "$ref" in schema:
        return [schema["$ref"].rsplit("/", 1)[1]]
    inside = [*schema.get("anyOf", []), *schema.get("oneOf", []), schema.get("items", {}), schema.get("additionalProperties") or {}]
    return [name for part in inside if part and isinstance(part, dict) for name in named(part)]
