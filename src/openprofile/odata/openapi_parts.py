"""The parts of the OpenAPI document that are the same for every model: options, headers, errors,
batches.
"""

from __future__ import annotations

from typing import Any

from openprofile.odata.batch import METHODS
from openprofile.odata.limits import DEFAULT

Json = dict[str, Any]

_TEXT: Json = {"type": "string", "minLength": 1, "maxLength": DEFAULT.option_bytes}
_SECTION = "OData URL Conventions 4.01, section "


def _option(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _header(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "header", "description": description, "schema": schema}


PARAMETERS: dict[str, Json] = {
    "$filter": _option("$filter", f"Which items come ({_SECTION}5.1.1).", _TEXT),
    "$search": _option("$search", f"Words that items hold ({_SECTION}5.1.8).", _TEXT),
    "$orderby": _option("$orderby", f"The order of the items ({_SECTION}5.1.5).", _TEXT),
    "$select": _option("$select", f"Which properties are shown ({_SECTION}5.1.4).", _TEXT),
    "$expand": _option("$expand", f"Which facets are inlined ({_SECTION}5.1.3).", _TEXT),
    "$top": _option(
        "$top", "How many items come at most.", {"type": "integer", "minimum": 0, "maximum": 10**17}
    ),
    "$skip": _option(
        "$skip", "How many are left out first.",
        {"type": "integer", "minimum": 0, "maximum": DEFAULT.skip},
    ),
    "$count": _option("$count", "Whether the number of all is told.", {"type": "boolean"}),
    "$format": _option("$format", "The format of the answer.", {"type": "string", "enum": [
        "json", "application/json", "application/json;odata.metadata=none",
        "application/json;odata.metadata=full",
    ]}),
    "maxpagesize": _header(
        "Prefer", "How many items one page has at most.",
        {"type": "string", "pattern": "^(odata[.])?maxpagesize=[1-9][0-9]{0,2}$"},
    ),
    "Prefer": _header(
        "Prefer", "Whether the answer holds the item.",
        {"type": "string", "enum": ["return=minimal", "return=representation"]},
    ),
    "If-Match": _header("If-Match", "The ETag that the item must have.", {"type": "string"}),
    "If-None-Match": _header(
        "If-None-Match", "The ETag that the item must not have.", {"type": "string"}
    ),
    "OData-MaxVersion": _header(
        "OData-MaxVersion", "The newest version of OData that the client reads.",
        {"type": "string", "enum": ["4.0", "4.01"]},
    ),
    "client-request-id": _header(
        "client-request-id", "Comes back in the answer.", {"type": "string"}
    ),
}  # fmt: skip
"""The query options and headers of requests, by their names in the document."""

HEADERS: dict[str, Json] = {
    "OData-Version": {
        "description": "The version of OData that the answer has.",
        "required": True,
        "schema": {"type": "string", "enum": ["4.0", "4.01"]},
    },
    "request-id": {
        "description": "The id of the request in the log.",
        "required": True,
        "schema": {"type": "string", "format": "uuid"},
    },
    "ETag": {
        "description": "The version of the item.",
        "required": True,
        "schema": {"type": "string", "pattern": '^W/".+"$'},
    },
    "Location": {
        "description": "Where the created item is.",
        "required": True,
        "schema": {"type": "string", "format": "uri"},
    },
}
"""The headers of answers."""

_STRING: Json = {"type": "string"}
_HEADER_MAP: Json = {"type": "object", "additionalProperties": _STRING}
BATCH: Json = {
    "type": "object",
    "required": ["requests"],
    "properties": {
        "requests": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "method", "url"],
                "properties": {
                    "id": _STRING,
                    "method": {"type": "string", "enum": list(METHODS)},
                    "url": _STRING,
                    "headers": _HEADER_MAP,
                    "body": {},
                    "atomicityGroup": _STRING,
                    "dependsOn": {"type": "array", "items": _STRING},
                },
            },
        }
    },
}
"""A JSON batch (OData JSON Format 4.01, section 19)."""
BATCH_ANSWER: Json = {
    "type": "object",
    "required": ["responses"],
    "properties": {
        "responses": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "status", "headers"],
                "properties": {
                    "id": _STRING,
                    "status": {"type": "integer", "minimum": 200, "maximum": 599},
                    "headers": _HEADER_MAP,
                    "atomicityGroup": _STRING,
                    "body": {},
                },
            },
        }
    },
}

ERROR: Json = {
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
"""The one error shape."""
