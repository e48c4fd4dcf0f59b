"""The service as an OpenAPI 3.1 document, from the declarations.

Schemas follow the OData OpenAPI mapping (https://docs.oasis-open.org/odata/odata-openapi/v1.0/)
where it has a rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openprofile.model.kinds import Entity
from openprofile.model.parts import Complex
from openprofile.model.primitives import UNKNOWN_FUTURE_VALUE, Enumeration, edm_name
from openprofile.model.shape import NAMESPACE, Property, shape
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
            "schemas": {**_schemas(model), "error": _ERROR},
            "responses": {
                "error": {
                    "description": "A refusal, in Graph's error shape.",
                    "content": _json({"$ref": "#/components/schemas/error"}),
                }
            },
        },
    }


def _operation(operation: Operation) -> Json:
    status, description = _ANSWERS[operation.kind]
    answer: Json = {"description": description}
    answered = _answer(operation)
    if answered is not None:
        answer["content"] = _json(answered)
    described: Json = {
        "operationId": _operation_id(operation),
        "tags": [operation.name.partition(".")[0]],
        "responses": {status: answer, "4XX": _ERROR_ANSWER, "5XX": _ERROR_ANSWER},
    }
    if operation.kind in {"create", "update", "modify", "link"}:
        body: Json = {"$ref": f"#/components/schemas/{NAMESPACE}.{edm_name(operation.target)}"}
        if operation.kind == "link":
            body = _REFERENCE
        described["requestBody"] = {"required": True, "content": _json(body)}
    return described


def _answer(operation: Operation) -> Json | None:
    entity = {"$ref": f"#/components/schemas/{NAMESPACE}.{edm_name(operation.target)}"}
    match operation.kind:
        case "modify" | "delete" | "erase" | "link" | "unlink":
            return None
        case "list":
            return {
                "type": "object",
                "properties": {
                    "@odata.context": {"type": "string"},
                    "@odata.count": {"type": "integer"},
                    "@odata.nextLink": {"type": "string", "format": "uri"},
                    "value": {"type": "array", "items": entity},
                },
                "required": ["value"],
            }
        case _:
            return entity


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


_ERROR_ANSWER = {"$ref": "#/components/responses/error"}
_REFERENCE: Json = {
    "type": "object",
    "properties": {"@odata.id": {"type": "string"}},
    "required": ["@odata.id"],
}
_ERROR: Json = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "innerError"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "target": {"type": "string"},
                "details": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["code", "message", "target"],
                        "properties": {
                            "code": {"type": "string"},
                            "message": {"type": "string"},
                            "target": {"type": "string"},
                        },
                    },
                },
                "innerError": {
                    "type": "object",
                    "required": ["date", "request-id", "client-request-id"],
                    "properties": {
                        "date": {"type": "string"},
                        "request-id": {"type": "string"},
                        "client-request-id": {"type": "string"},
                    },
                },
            },
        }
    },
}
