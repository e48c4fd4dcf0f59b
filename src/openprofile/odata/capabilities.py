"""What the service says of its own abilities in the metadata: annotations of the entity container.

The terms are those of the vocabularies Org.OData.Core.V1 and Org.OData.Capabilities.V1
(https://docs.oasis-open.org/odata/odata-vocabularies/v4.0/).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from openprofile.odata.query.functions import FUNCTIONS

CORE = "Org.OData.Core.V1"
CAPABILITIES = "Org.OData.Capabilities.V1"
VOCABULARIES = {
    name: f"https://oasis-tcs.github.io/odata-vocabularies/vocabularies/{name}.xml"
    for name in (CORE, CAPABILITIES)
}
"""The vocabularies that the metadata refers to, and where they are published."""


class EnumMember(msgspec.Struct, frozen=True):
    """A value of an enumeration of a vocabulary."""

    type: str
    name: str


ANNOTATIONS: Mapping[str, Any] = {
    f"{CORE}.ODataVersions": "4.0 4.01",
    f"{CAPABILITIES}.ConformanceLevel": EnumMember(
        f"{CAPABILITIES}.ConformanceLevelType", "Intermediate"
    ),
    f"{CAPABILITIES}.SupportedFormats": [
        "application/json;odata.metadata=minimal;IEEE754Compatible=false",
        "application/json;odata.metadata=minimal;IEEE754Compatible=true",
        "application/json;odata.metadata=full",
        "application/json;odata.metadata=none",
    ],
    f"{CAPABILITIES}.AsynchronousRequestsSupported": False,
    f"{CAPABILITIES}.BatchSupport": {
        "Supported": True,
        "ContinueOnErrorSupported": True,
        "ReferencesInRequestBodiesSupported": False,
        "ReferencesAcrossChangeSetsSupported": True,
        "EtagReferencesSupported": True,
        "RequestDependencyConditionsSupported": False,
        "SupportedFormats": ["application/json", "multipart/mixed"],
    },
    f"{CAPABILITIES}.CrossJoinSupported": False,
    f"{CAPABILITIES}.KeyAsSegmentSupported": True,
    f"{CAPABILITIES}.QuerySegmentSupported": False,
    f"{CAPABILITIES}.FilterFunctions": sorted({*FUNCTIONS, "case", "cast", "isof", "now"}),
}
"""By term: Booleans, strings, collections of strings, records and enumeration members."""
