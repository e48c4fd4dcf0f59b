"""The complex types that the items of a profile are built from."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from openprofile.model.enums import BodyType, PersonRelationship, PhysicalAddressType
from openprofile.model.primitives import Date, Int32


class Complex(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """A value without an id of its own, kept inside an entity."""

    open: ClassVar[bool] = False
    """Whether the metadata lets a value have more members than are declared."""
    documented_as: ClassVar[tuple[str, ...]] = ()
    """What Graph's pages call the type, where its metadata does not."""


class PhysicalAddress(Complex):
    """https://learn.microsoft.com/graph/api/resources/physicaladdress: a postal address."""

    city: str | None = None
    country_or_region: str | None = None
    postal_code: str | None = None
    post_office_box: str | None = None
    state: str | None = None
    street: str | None = None
    type: PhysicalAddressType | None = None


class CompanyDetail(Complex):
    """https://learn.microsoft.com/graph/api/resources/companydetail: an employer or a client."""

    address: PhysicalAddress | None = None
    company_code: str | None = None
    cost_center: str | None = None
    department: str | None = None
    display_name: str | None = None
    division: str | None = None
    office_location: str | None = None
    pronunciation: str | None = None
    secondary_department: str | None = None
    web_url: str | None = None


class EducationalActivityDetail(Complex):
    """https://learn.microsoft.com/graph/api/resources/educationalactivitydetail

    What was studied.
    """

    abbreviation: str | None = None
    activities: list[str] | None = []
    awards: list[str] | None = []
    description: str | None = None
    display_name: str | None = None
    fields_of_study: list[str] | None = []
    grade: str | None = None
    notes: str | None = None
    web_url: str | None = None


class GeoCoordinates(Complex):
    """https://learn.microsoft.com/graph/api/resources/geocoordinates: a place on the globe."""

    altitude: float | None = None
    latitude: float | None = None
    longitude: float | None = None


class Identity(Complex):
    """https://learn.microsoft.com/graph/api/resources/identity: an actor."""

    open: ClassVar[bool] = True

    display_name: str | None = None
    id: str | None = None


class IdentitySet(Complex):
    """https://learn.microsoft.com/graph/api/resources/identityset: who did something, by what."""

    open: ClassVar[bool] = True

    application: Identity | None = None
    device: Identity | None = None
    user: Identity | None = None


class InferenceData(Complex):
    """https://learn.microsoft.com/graph/api/resources/inferencedata: how sure a guess is."""

    confidence_score: float | None = None
    user_has_verified_accuracy: bool | None = None


class InstitutionData(Complex):
    """https://learn.microsoft.com/graph/api/resources/institutiondata: a school or university."""

    description: str | None = None
    display_name: str | None = None
    location: PhysicalAddress | None = None
    web_url: str | None = None


class ItemBody(Complex):
    """https://learn.microsoft.com/graph/api/resources/itembody: the text of a note."""

    content: str | None = None
    content_type: BodyType | None = None


class LocaleInfo(Complex):
    """https://learn.microsoft.com/graph/api/resources/localeinfo: a language and region."""

    display_name: str | None = None
    locale: str | None = None


class OriginTenantInfo(Complex):
    """https://learn.microsoft.com/graph/api/resources/origintenantinfo

    Where a guest comes from.
    """

    origin_tenant_id: str | None = None
    origin_user_id: str | None = None


class PersonDataSources(Complex):
    """https://learn.microsoft.com/graph/api/resources/persondatasource

    The kinds of source that an item has.
    """

    documented_as: ClassVar[tuple[str, ...]] = ("personDataSource",)

    type: list[str] | None = []


class PersonNamePronounciation(Complex):
    """https://learn.microsoft.com/graph/api/resources/yomipersonname

    How a name is spoken (the spelling is the metadata's).
    """

    documented_as: ClassVar[tuple[str, ...]] = ("yomiPersonName",)

    display_name: str | None = None
    first: str | None = None
    last: str | None = None
    maiden: str | None = None
    middle: str | None = None


class PositionDetail(Complex):
    """https://learn.microsoft.com/graph/api/resources/positiondetail

    What somebody does, where and since when.
    """

    company: CompanyDetail | None = None
    description: str | None = None
    employee_id: str | None = None
    employee_type: str | None = None
    end_month_year: Date | None = None
    job_title: str | None = None
    layer: Int32 | None = None
    level: str | None = None
    role: str | None = None
    secondary_job_title: str | None = None
    secondary_role: str | None = None
    start_month_year: Date | None = None
    summary: str | None = None


class ProfileSourceAnnotation(Complex, omit_defaults=True):
    """https://learn.microsoft.com/graph/api/resources/profilesourceannotation: one source.

    Graph leaves the null members of this type out of its answers.
    """

    is_default_source: bool | None = None
    properties: list[str] = []
    source_id: str | None = None


class RelatedPerson(Complex):
    """https://learn.microsoft.com/graph/api/resources/relatedperson

    Somebody in the work of the owner.
    """

    display_name: str | None = None
    relationship: PersonRelationship | None = None
    user_id: str | None = None
    user_principal_name: str | None = None


class ServiceInformation(Complex):
    """https://learn.microsoft.com/graph/api/resources/serviceinformation

    Where a web account is.
    """

    name: str | None = None
    web_url: str | None = None
