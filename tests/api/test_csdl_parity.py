"""Our metadata against Microsoft's: every difference stands in docs/parity.md.

OPENPROFILE_CSDL names a file with Graph's beta metadata, or an excerpt of it, as published at
https://github.com/microsoftgraph/msgraph-metadata; the project holds no copy.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from openprofile.model.directory import BETA
from openprofile.odata.csdl import csdl_xml
from openprofile.odata.schema import schema

PARITY = Path(__file__).parents[2] / "docs" / "parity.md"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
Facts = dict[tuple[str, str], str]


@pytest.fixture
def theirs() -> ET.Element:
    path = os.environ.get("OPENPROFILE_CSDL")
    if not path:
        pytest.skip("OPENPROFILE_CSDL names no file with Graph's metadata to compare with")
    return ET.parse(path).getroot()


def test_every_difference_is_in_the_parity_map_and_none_besides(theirs: ET.Element) -> None:
    ours = ET.fromstring(csdl_xml(schema(BETA)))
    found = set(differences(facts(theirs), facts(ours), {*_types(theirs)}))
    assert found == written_down()


def differences(theirs: Facts, ours: Facts, known: set[str]) -> Iterator[tuple[str, str]]:
    """The type and member of each difference; a type that is only ours is not one, since an
    excerpt does not have everything."""
    for name in sorted(known):
        if (name, "") not in ours:
            yield name, ""
    shared = {name for name in known if (name, "") in ours}
    for name, member in sorted(theirs.keys() | ours.keys()):
        if name in shared and theirs.get((name, member)) != ours.get((name, member)):
            yield name, member


def facts(root: ET.Element) -> Facts:
    """What the metadata says of each type ("" for the type itself) and each of its members."""
    said: Facts = {}
    for kind in ("EnumType", "ComplexType", "EntityType"):
        for element in root.iter(f"{EDM}{kind}"):
            name = element.attrib["Name"]
            traits = sorted(
                (trait, value)
                for trait, value in element.attrib.items()
                if trait in ("BaseType", "Abstract", "OpenType", "IsFlags")
            )
            said[name, ""] = f"{kind} {traits}"
            for child in element:
                tag = child.tag.removeprefix(EDM)
                if tag in ("Property", "NavigationProperty"):
                    said[name, child.attrib["Name"]] = (
                        f"{tag} {child.attrib['Type']} nullable={child.get('Nullable', 'true')} "
                        f"contained={child.get('ContainsTarget', 'false')}"
                    )
                elif tag == "Member":
                    said[name, child.attrib["Name"]] = f"{tag} {child.attrib['Value']}"
                elif tag == "Key":
                    said[name, "key"] = str([reference.attrib["Name"] for reference in child])
    for element in root.iter(f"{EDM}EntityContainer"):
        for child in element:
            name = child.attrib["Name"]
            said["GraphService", ""] = "EntityContainer"
            target = (child.get("EntityType") or child.get("Type", "")).rpartition(".")[2]
            said["GraphService", name] = f"{child.tag.removeprefix(EDM)} {target}"
    return said


def _types(root: ET.Element) -> Iterator[str]:
    for name, member in facts(root):
        if not member:
            yield name


def written_down() -> set[tuple[str, str]]:
    """The rows of the table of differences: ``| `type` | `member` | how | why |``."""
    text = PARITY.read_text(encoding="utf-8")
    section = text.partition("## Differences from Graph's metadata")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (?:`(\w+)`|—) \| .+ \| .+ \|$", section, re.MULTILINE)
    return {(kind, member) for kind, member in rows}
