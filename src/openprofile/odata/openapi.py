"""The service as an OpenAPI 3.1 document, from the declarations.

Schemas follow the OData OpenAPI mapping (https://docs.oasis-open.org/odata/odata-openapi/v1.0/)
where it has a rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openprofile.model.kinds import Entity, ItemFacet
from openprofile.model.parts import Complex
from openprofile.model.primitives import UNKNOWN_FUTURE_VALUE, Enumeration, edm_name
from openprofile.model.shape import NAMESPACE, Property, shape
from openprofile.odata.openapi_parts import BATCH, BATCH_ANSWER, ERROR, HEADERS, PARAMETERS
from openprofile.odata.operations import Operation
from openprofile.odata.schema import Schema

Json = dict[str, Any]

_PRIMITIVES: dict[str, Json] = {
    "Edm.String": {"type": "string"},
    "Edm.Boolean": {"type": "boolean"},
    "Edm.Double": {"type": "number", "format": "double"},
    "Edm.Int32": {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1},
    "Edm.Date": {"type": "string", "format": "date"},
    "Edm.DateTimeOffset": {"type": "string", "format": "date-time"},
}
_ANSWERS = {
    "list": ("200", "The items of the collection."),
    "get": ("200", "The item."),
    "read": ("200", "The profile with all its facets."),
    "create": ("201", "The stored item."),
    "update": ("200", "The item as it is now."),
    "modify": ("204", "The item is changed."),
    "delete": ("204", "The item is gone."),
    "erase": ("204", "The profile is empty."),
    "link": ("204", "The reference is there."),
    "unlink": ("204", "The reference is gone."),
    "count": ("200", "How many items there are."),
    "references": ("200", "The references to the items."),
    "reference": ("200", "The reference to the item."),
    "add": ("201", "The stored item."),
    "batch": ("200", "The answers to the requests."),
}


def openapi(model: Schema, operations: Sequence[Operation], version: str) -> Json:
    """The document, as the values that JSON has; ``version`` is the service's own."""
    paths: dict[str, Json] = {}
    for operation in operations:
        path = paths.setdefault(f"/beta{operation.path}", _parameters(operation.path))
        path[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "openprofile",
            "version": version,
            "summary": "People profiles, as Microsoft Graph's profile API has them.",
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
            "schemas": {**_schemas(model), "error": ERROR},
            "parameters": {name.removeprefix("$"): each for name, each in PARAMETERS.items()},
            "headers": HEADERS,
            "responses": {
                "error": {
                    "description": "A refusal, in Graph's error shape.",
                    "headers": {name: _reference("headers", name) for name in _ALWAYS},
                    "content": _json({"$ref": "#/components/schemas/error"}),
                }
            },
        },
    }


def _operation(operation: Operation) -> Json:
    status, description = _ANSWERS[operation.kind]
    answer: Json = {"description": description, "headers": _headers(operation)}
    answered = _answer(operation)
    if operation.kind == "count":
        answer["content"] = {"text/plain": {"schema": {"type": "string", "pattern": "^[0-9]+$"}}}
    elif answered is not None:
        answer["content"] = _json(answered)
    responses = {status: answer, "4XX": _ERROR_ANSWER, "5XX": _ERROR_ANSWER}
    without_body = _WITHOUT_BODY.get(operation.kind)
    if without_body is not None:
        headers = {"OData-Version": _reference("headers", "OData-Version")}
        responses[without_body[0]] = {"description": without_body[1], "headers": headers}
    described: Json = {
        "operationId": _operation_id(operation),
        "tags": [operation.name.partition(".")[0]],
        "parameters": [_reference("parameters", name) for name in _options(operation)],
        "responses": responses,
    }
    if operation.kind in {"create", "update", "add", "modify", "link"}:
        body: Json = {"$ref": f"#/components/schemas/{NAMESPACE}.{edm_name(operation.target)}"}
        if operation.kind == "link":
            body = _REFERENCE
        described["requestBody"] = {"required": True, "content": _json(body)}
    elif operation.kind == "batch":
        described["requestBody"] = {"required": True, "content": _json(BATCH)}
    return described


def _options(operation: Operation) -> tuple[str, ...]:
    """The query options and headers that an operation knows, besides custom ones."""
    return (*_OPTIONS.get(operation.kind, ()), *_CONDITIONS.get(operation.kind, ()), *_COMMON)


def _headers(operation: Operation) -> Json:
    """The headers of an operation's success."""
    names = [*_ALWAYS]
    if operation.kind in {"get", "create", "update", "add"} and _has_versions(operation):
        names.append("ETag")
    if operation.kind in {"create", "add"}:
        names.append("Location")
    return {name: _reference("headers", name) for name in names}


def _has_versions(operation: Operation) -> bool:
    """Whether an operation's target has an ETag: the items of a profile do, people do not."""
    return issubclass(operation.target, ItemFacet)


def _reference(section: str, name: str) -> Json:
    return {"$ref": f"#/components/{section}/{name.removeprefix('$')}"}


def _answer(operation: Operation) -> Json | None:
    entity = {"$ref": f"#/components/schemas/{NAMESPACE}.{edm_name(operation.target)}"}
    match operation.kind:
        case "modify" | "delete" | "erase" | "link" | "unlink" | "count":
            return None
        case "batch":
            return BATCH_ANSWER
        case "reference":
            return _REFERENCE
        case "references":
            return _collection(_REFERENCE)
        case "list":
            return _collection(entity)
        case _:
            return entity


def _collection(item: Json) -> Json:
    return {
        "type": "object",
        "properties": {
            **{
                f"{prefix}{name}": each
                for prefix in ("@odata.", "@")
                for name, each in _CONTROL.items()
            },
            "value": {"type": "array", "items": item},
        },
        "required": ["value"],
    }


def _parameters(path: str) -> Json:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    if not names:
        return {}
    return {
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ]
    }


def _operation_id(operation: Operation) -> str:
    root = operation.path.split("/")[1]
    return f"{root}.{operation.name}"


def _schemas(model: Schema) -> dict[str, Json]:
    schemas: dict[str, Json] = {}
    for name, enumeration in model.enumerations.items():
        schemas[f"{NAMESPACE}.{name}"] = _enumeration(enumeration)
    for name, complex_type in model.complex_types.items():
        schemas[f"{NAMESPACE}.{name}"] = _object(model, complex_type)
    for name, entity_type in model.entity_types.items():
        if not entity_type.abstract:
            schemas[f"{NAMESPACE}.{name}"] = _object(model, entity_type)
    return schemas


def _object(model: Schema, kind: type[Entity | Complex]) -> Json:
    properties = {found.name: _property(found) for found in shape(kind).properties.values()}
    if issubclass(kind, Entity):
        for name, navigation in model.model.navigation(kind).items():
            entity = {"$ref": f"#/components/schemas/{NAMESPACE}.{edm_name(navigation.target)}"}
            properties[name] = (
                {"type": "array", "items": entity} if navigation.collection else entity
            )
    return {
        "type": "object",
        "properties": properties,
        "patternProperties": {"@": {}},
        "additionalProperties": kind.open,
    }


def _property(found: Property) -> Json:
    value = dict(_PRIMITIVES.get(found.edm) or {"$ref": f"#/components/schemas/{found.edm}"})
    if found.collection:
        value = {"type": ["array", "null"] if found.nullable else "array", "items": value}
    elif found.nullable and "$ref" in value:
        value = {"anyOf": [value, {"type": "null"}]}
    elif found.nullable:
        value["type"] = [value["type"], "null"]
    if found.computed:
        value["readOnly"] = True
    return value


def _enumeration(enumeration: type[Enumeration]) -> Json:
    members = [name for name in enumeration.members if name != UNKNOWN_FUTURE_VALUE]
    if not enumeration.flags:
        return {"type": "string", "enum": members}
    one = f"({'|'.join(members)})"
    return {"type": "string", "pattern": f"^{one}(,{one})*$"}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


_CONTROL: Json = {
    "context": {"type": "string"},
    "count": {"type": ["integer", "string"]},
    "nextLink": {"type": "string", "format": "uri"},
}
"""The control information of a collection, with ``@odata.`` or, in 4.01, ``@`` before it."""
_ALWAYS = ("OData-Version", "request-id")
"""The headers of every answer."""
_OPTIONS: dict[str, tuple[str, ...]] = {
    "list": ("$filter", "$search", "$orderby", "$top", "$skip", "$count", "$select",
             "$format"),
    "references": ("$filter", "$search", "$orderby", "$top", "$skip", "$count", "$format"),
    "count": ("$filter", "$search"),
    "get": ("$select", "$format"),
    "reference": ("$format",),
    "read": ("$select", "$expand", "$format"),
    "create": ("$select", "$format"),
    "add": ("$select", "$format"),
    "update": ("$select", "$format"),
}  # fmt: skip
"""By kind; $compute is known as well, but no schema can describe its answers."""
_CONDITIONS: dict[str, tuple[str, ...]] = {
    "list": ("maxpagesize",),
    "get": ("If-None-Match",),
    "create": ("Prefer",),
    "add": ("Prefer",),
    "update": ("If-Match", "If-None-Match", "Prefer"),
    "delete": ("If-Match", "If-None-Match"),
}
_COMMON = ("OData-MaxVersion", "client-request-id")
_WITHOUT_BODY = {
    "get": ("304", "The client has this version of the item already."),
    "create": ("204", "The item is stored, and the client prefers to hear no more."),
    "add": ("204", "The item is stored, and the client prefers to hear no more."),
    "update": ("204", "The item is changed, and the client prefers to hear no more."),
}
_REFERENCE: Json = {
    "type": "object",
    "properties": {
        "@odata.id": {"type": "string", "format": "uri"},
        "@id": {"type": "string", "format": "uri"},
    },
    "oneOf": [{"required": ["@odata.id"]}, {"required": ["@id"]}],
}
"""By the name that OData 4.0 has, or that of 4.01."""
_ERROR_ANSWER = {"$ref": "#/components/responses/error"}
