"""The metadata document: CSDL 4.01 as XML and as JSON, from the declarations.

https://docs.oasis-open.org/odata/odata-csdl-xml/v4.01/ and …/odata-csdl-json/v4.01/
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import msgspec

from openprofile.model.kinds import Entity, Navigation
from openprofile.model.parts import Complex
from openprofile.model.primitives import edm_name
from openprofile.model.shape import ALIAS, NAMESPACE, Property
from openprofile.odata.capabilities import ANNOTATIONS, CORE, VOCABULARIES, EnumMember
from openprofile.odata.schema import Schema, base_type, declared, declared_navigation

CONTAINER_NAME = "GraphService"
_CONTAINER = f"{NAMESPACE}.{CONTAINER_NAME}"
_EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM = "http://docs.oasis-open.org/odata/ns/edm"
_COMPUTED = f"{CORE}.Computed"

ET.register_namespace("edmx", _EDMX)
ET.register_namespace("", _EDM)


def csdl_xml(model: Schema) -> bytes:
    """The metadata document as XML."""
    root = ET.Element(f"{{{_EDMX}}}Edmx", Version="4.0")
    for name, uri in VOCABULARIES.items():
        reference = ET.SubElement(root, f"{{{_EDMX}}}Reference", Uri=uri)
        ET.SubElement(reference, f"{{{_EDMX}}}Include", Namespace=name)
    services = ET.SubElement(root, f"{{{_EDMX}}}DataServices")
    top = ET.SubElement(services, _edm("Schema"), Namespace=NAMESPACE, Alias=ALIAS)
    for name, enumeration in model.enumerations.items():
        flags = {"IsFlags": "true"} if enumeration.flags else {}
        element = ET.SubElement(top, _edm("EnumType"), {"Name": name, **flags})
        for member, number in enumeration.members.items():
            ET.SubElement(element, _edm("Member"), Name=member, Value=str(number))
    for name, complex_type in model.complex_types.items():
        element = ET.SubElement(top, _edm("ComplexType"), {"Name": name, **_traits(complex_type)})
        _xml_properties(element, complex_type)
    for name, entity_type in model.entity_types.items():
        element = ET.SubElement(top, _edm("EntityType"), {"Name": name, **_traits(entity_type)})
        if entity_type is Entity:
            key = ET.SubElement(element, _edm("Key"))
            ET.SubElement(key, _edm("PropertyRef"), Name="id")
        _xml_properties(element, entity_type)
        for member, navigation in declared_navigation(model.model, entity_type).items():
            _xml_navigation(element, member, navigation)
        _xml_alternate_keys(element, entity_type)
    _xml_container(top, model)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _xml_container(top: ET.Element, model: Schema) -> None:
    container = ET.SubElement(top, _edm("EntityContainer"), Name=CONTAINER_NAME)
    for name, navigation in model.model.container.items():
        target = f"{NAMESPACE}.{edm_name(navigation.target)}"
        if navigation.collection:
            ET.SubElement(container, _edm("EntitySet"), Name=name, EntityType=target)
        else:
            ET.SubElement(container, _edm("Singleton"), Name=name, Type=target)
    annotations = ET.SubElement(top, _edm("Annotations"), Target=_CONTAINER)
    for term, value in ANNOTATIONS.items():
        _xml_value(ET.SubElement(annotations, _edm("Annotation"), Term=term), value)


def csdl_json(model: Schema) -> bytes:
    """The metadata document as JSON."""
    types: dict[str, Any] = {"$Alias": ALIAS}
    for name, enumeration in model.enumerations.items():
        flags = {"$IsFlags": True} if enumeration.flags else {}
        types[name] = {"$Kind": "EnumType", **flags, **enumeration.members}
    for name, complex_type in model.complex_types.items():
        types[name] = {"$Kind": "ComplexType", **_json_traits(complex_type)}
        types[name] |= _json_properties(complex_type)
    for name, entity_type in model.entity_types.items():
        key = {"$Key": ["id"]} if entity_type is Entity else {}
        types[name] = {"$Kind": "EntityType", **_json_traits(entity_type), **key}
        types[name] |= _json_properties(entity_type)
        for member, navigation in declared_navigation(model.model, entity_type).items():
            types[name][member] = {
                "$Kind": "NavigationProperty",
                "$Type": f"{NAMESPACE}.{edm_name(navigation.type)}",
                **({"$Collection": True} if navigation.collection else {"$Nullable": True}),
                **({"$ContainsTarget": True} if navigation.contained else {}),
            }
    annotations = {f"@{term}": _json_value(value) for term, value in ANNOTATIONS.items()}
    types["$Annotations"] = {_CONTAINER: annotations}
    types[CONTAINER_NAME] = {"$Kind": "EntityContainer"} | {
        name: {
            **({"$Collection": True} if navigation.collection else {}),
            "$Type": f"{NAMESPACE}.{edm_name(navigation.target)}",
        }
        for name, navigation in model.model.container.items()
    }
    document = {
        "$Version": "4.0",
        "$Reference": {
            uri: {"$Include": [{"$Namespace": name}]} for name, uri in VOCABULARIES.items()
        },
        "$EntityContainer": _CONTAINER,
        NAMESPACE: types,
    }
    return msgspec.json.encode(document)


def _traits(kind: type[Entity | Complex]) -> dict[str, str]:
    base = base_type(kind)
    traits = {"BaseType": f"{ALIAS}.{edm_name(base)}"} if base is not None else {}
    # an abstract type of the model is one that no collection holds
    if issubclass(kind, Entity) and kind.abstract:
        traits["Abstract"] = "true"
    if kind.open:
        traits["OpenType"] = "true"
    return traits


def _json_traits(kind: type[Entity | Complex]) -> dict[str, Any]:
    return {
        f"${name}": value if name == "BaseType" else True for name, value in _traits(kind).items()
    }


def _xml_properties(element: ET.Element, kind: type[Entity | Complex]) -> None:
    for found in declared(kind):
        nullable = {} if found.nullable or found.collection else {"Nullable": "false"}
        attributes = {"Name": found.name, "Type": _aliased(found), **nullable}
        inner = ET.SubElement(element, _edm("Property"), attributes)
        if found.computed:
            ET.SubElement(inner, _edm("Annotation"), Term=_COMPUTED, Bool="true")


def _json_properties(kind: type[Entity | Complex]) -> dict[str, Any]:
    return {
        found.name: {
            **({"$Collection": True} if found.collection else {}),
            **({} if found.edm == "Edm.String" else {"$Type": found.edm}),
            **({"$Nullable": True} if found.nullable and not found.collection else {}),
            **({f"@{_COMPUTED}": True} if found.computed else {}),
        }
        for found in declared(kind)
    }


def _xml_navigation(element: ET.Element, name: str, navigation: Navigation) -> None:
    target = f"{ALIAS}.{edm_name(navigation.type)}"
    attributes = {
        "Name": name,
        "Type": f"Collection({target})" if navigation.collection else target,
    }
    if navigation.contained:
        attributes["ContainsTarget"] = "true"
    ET.SubElement(element, _edm("NavigationProperty"), attributes)


def _xml_alternate_keys(element: ET.Element, kind: type[Entity]) -> None:
    if not kind.alternate_keys:
        return
    annotation = ET.SubElement(element, _edm("Annotation"), Term=f"{CORE}.AlternateKeys")
    keys = ET.SubElement(annotation, _edm("Collection"))
    for name in kind.alternate_keys:
        key = ET.SubElement(keys, _edm("Record"), Type=f"{CORE}.AlternateKey")
        value = ET.SubElement(key, _edm("PropertyValue"), Property="Key")
        references = ET.SubElement(value, _edm("Collection"))
        reference = ET.SubElement(references, _edm("Record"), Type=f"{CORE}.PropertyRef")
        ET.SubElement(reference, _edm("PropertyValue"), Property="Alias", String=name)
        ET.SubElement(reference, _edm("PropertyValue"), Property="Name", PropertyPath=name)


def _xml_value(element: ET.Element, value: Any) -> None:
    """The value of an annotation, or of a property in one, as a part of its element."""
    match value:
        case bool():
            element.set("Bool", str(value).lower())
        case str():
            element.set("String", value)
        case EnumMember():
            element.set("EnumMember", f"{value.type}/{value.name}")
        case list():
            collection = ET.SubElement(element, _edm("Collection"))
            for each in value:
                ET.SubElement(collection, _edm("String")).text = each
        case dict():
            record = ET.SubElement(element, _edm("Record"))
            for name, inner in value.items():
                _xml_value(ET.SubElement(record, _edm("PropertyValue"), Property=name), inner)


def _json_value(value: Any) -> Any:
    return value.name if isinstance(value, EnumMember) else value


def _aliased(found: Property) -> str:
    return found.edm_type.replace(f"{NAMESPACE}.", f"{ALIAS}.")


def _edm(name: str) -> str:
    return f"{{{_EDM}}}{name}"
