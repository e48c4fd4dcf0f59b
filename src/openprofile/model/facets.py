"""The facets of a profile: one class each, alphabetical by segment, and nothing else.

Routes, validation, metadata, permissions, storage and documentation follow from these
declarations; the names, types and nullability are those of Microsoft Graph's metadata.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, ClassVar, Self
from urllib.parse import quote

from openprofile.model.enums import (
    EmailType,
    LanguageProficiencyLevel,
    PersonAnnualEventType,
    PhoneType,
    SkillProficiencyLevel,
    UserPersona,
)
from openprofile.model.kinds import FACETS, ItemFacet, facet
from openprofile.model.parts import (
    CompanyDetail,
    EducationalActivityDetail,
    GeoCoordinates,
    InstitutionData,
    ItemBody,
    LocaleInfo,
    OriginTenantInfo,
    PersonNamePronounciation,
    PhysicalAddress,
    PositionDetail,
    RelatedPerson,
    ServiceInformation,
)
from openprofile.model.primitives import Date

if TYPE_CHECKING:
    from openprofile.model.directory import User

__all__ = ["FACETS"]


@facet("account")
class UserAccountInformation(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/useraccountinformation

    Graph lets nobody write it: it is what the directory knows of the person.
    """

    read_only: ClassVar[bool] = True

    age_group: str | None = None
    country_code: str | None = None
    origin_tenant_info: OriginTenantInfo | None = None
    preferred_language_tag: LocaleInfo | None = None
    user_persona: UserPersona | None = None
    user_principal_name: str | None = None

    @classmethod
    def of(cls, user: User) -> list[Self]:
        language = user.preferred_language
        return [
            cls(
                id=user.id,
                age_group=user.age_group,
                country_code=user.usage_location,
                preferred_language_tag=LocaleInfo(locale=language) if language else None,
                user_persona=UserPersona("internalMember"),
                user_principal_name=user.user_principal_name,
            )
        ]


@facet("addresses")
class ItemAddress(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/itemaddress"""

    detail: PhysicalAddress | None = None
    display_name: str | None = None
    geo_coordinates: GeoCoordinates | None = None


@facet("anniversaries")
class PersonAnnualEvent(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/personanniversary"""

    documented_as: ClassVar[tuple[str, ...]] = ("personAnniversary",)

    date: Date | None = None
    display_name: str | None = None
    type: PersonAnnualEventType | None = None


@facet("awards")
class PersonAward(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/personaward"""

    description: str | None = None
    display_name: str | None = None
    issued_date: Date | None = None
    issuing_authority: str | None = None
    thumbnail_url: str | None = None
    web_url: str | None = None


@facet("certifications")
class PersonCertification(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/personcertification"""

    certification_id: str | None = None
    description: str | None = None
    display_name: str | None = None
    end_date: Date | None = None
    issued_date: Date | None = None
    issuing_authority: str | None = None
    issuing_company: str | None = None
    start_date: Date | None = None
    thumbnail_url: str | None = None
    web_url: str | None = None


@facet("educationalActivities")
class EducationalActivity(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/educationalactivity"""

    completion_month_year: Date | None = None
    end_month_year: Date | None = None
    institution: InstitutionData | None = None
    program: EducationalActivityDetail | None = None
    start_month_year: Date | None = None


@facet("emails")
class ItemEmail(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/itememail"""

    address: str | None = None
    display_name: str | None = None
    type: EmailType = EmailType.default()


@facet("interests")
class PersonInterest(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/personinterest"""

    categories: list[str] | None = []
    collaboration_tags: list[str] | None = []
    description: str | None = None
    display_name: str | None = None
    thumbnail_url: str | None = None
    web_url: str | None = None


@facet("languages")
class LanguageProficiency(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/languageproficiency"""

    display_name: str | None = None
    proficiency: LanguageProficiencyLevel | None = None
    reading: LanguageProficiencyLevel | None = None
    spoken: LanguageProficiencyLevel | None = None
    tag: str | None = None
    thumbnail_url: str | None = None
    written: LanguageProficiencyLevel | None = None


@facet("names")
class PersonName(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/personname"""

    display_name: str | None = None
    first: str | None = None
    initials: str | None = None
    language_tag: str | None = None
    last: str | None = None
    maiden: str | None = None
    middle: str | None = None
    nickname: str | None = None
    pronunciation: PersonNamePronounciation | None = None
    suffix: str | None = None
    title: str | None = None


@facet("notes")
class PersonAnnotation(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/personannotation"""

    detail: ItemBody | None = None
    display_name: str | None = None
    thumbnail_url: str | None = None


@facet("patents")
class ItemPatent(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/itempatent"""

    description: str | None = None
    display_name: str | None = None
    is_pending: bool | None = None
    issued_date: Date | None = None
    issuing_authority: str | None = None
    number: str | None = None
    web_url: str | None = None


@facet("phones")
class ItemPhone(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/itemphone"""

    display_name: str | None = None
    number: str | None = None
    type: PhoneType = PhoneType.default()


@facet("positions")
class WorkPosition(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/workposition"""

    categories: list[str] | None = []
    colleagues: list[RelatedPerson] | None = []
    detail: PositionDetail | None = None
    is_current: bool | None = None
    manager: RelatedPerson | None = None


@facet("projects")
class ProjectParticipation(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/projectparticipation"""

    categories: list[str] | None = []
    client: CompanyDetail | None = None
    collaboration_tags: list[str] | None = []
    colleagues: list[RelatedPerson] | None = []
    detail: PositionDetail | None = None
    display_name: str | None = None
    sponsors: list[RelatedPerson] | None = []
    thumbnail_url: str | None = None


@facet("publications")
class ItemPublication(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/itempublication"""

    description: str | None = None
    display_name: str | None = None
    published_date: Date | None = None
    publisher: str | None = None
    thumbnail_url: str | None = None
    web_url: str | None = None


@facet("skills")
class SkillProficiency(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/skillproficiency"""

    categories: list[str] | None = []
    collaboration_tags: list[str] | None = []
    display_name: str | None = None
    proficiency: SkillProficiencyLevel | None = None
    thumbnail_url: str | None = None
    web_url: str | None = None


@facet("webAccounts")
class WebAccount(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/webaccount"""

    description: str | None = None
    service: ServiceInformation | None = None
    status_message: str | None = None
    thumbnail_url: str | None = None
    user_id: str | None = None
    web_url: str | None = None

    def recalculate(self, changed: AbstractSet[str] | None) -> None:
        """The account's page is below its service's, unless the client says where."""
        moved = changed is None or not changed.isdisjoint({"service", "userId"})
        said = self.web_url is not None if changed is None else "webUrl" in changed
        if moved and not said and self.service and self.service.web_url and self.user_id:
            self.web_url = f"{self.service.web_url.rstrip('/')}/{quote(self.user_id)}"


@facet("websites")
class PersonWebsite(ItemFacet):
    """https://learn.microsoft.com/graph/api/resources/personwebsite"""

    categories: list[str] | None = []
    description: str | None = None
    display_name: str | None = None
    thumbnail_url: str | None = None
    web_url: str | None = None
