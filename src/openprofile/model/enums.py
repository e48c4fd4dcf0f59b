"""The enumerations of a profile, with the members and numbers of Microsoft Graph's metadata."""

from __future__ import annotations

from openprofile.model.primitives import Enumeration


class AllowedAudiences(Enumeration, flags=True):
    """Who may see an item; ``openprofile.policy.audience`` says what each member means."""

    me = 0
    family = 1
    contacts = 2
    groupMembers = 4
    organization = 8
    federatedOrganizations = 16
    everyone = 32
    unknownFutureValue = 64


class BodyType(Enumeration):
    """What the content of a note is written in."""

    text = 0
    html = 1


class EmailType(Enumeration):
    """What an e-mail address is used for."""

    unknown = 0
    work = 1
    personal = 2
    main = 3
    other = 4


class LanguageProficiencyLevel(Enumeration):
    """How well somebody knows a language."""

    elementary = 0
    conversational = 1
    limitedWorking = 2
    professionalWorking = 3
    fullProfessional = 4
    nativeOrBilingual = 5
    unknownFutureValue = 6


class PersonAnnualEventType(Enumeration):
    """What is celebrated."""

    birthday = 0
    wedding = 1
    work = 2
    other = 3
    unknownFutureValue = 5


class PersonRelationship(Enumeration):
    """Who a related person is to the owner of the profile."""

    manager = 0
    colleague = 1
    directReport = 2
    dotLineReport = 3
    assistant = 4
    dotLineManager = 5
    alternateContact = 6
    friend = 7
    spouse = 8
    sibling = 9
    child = 10
    parent = 11
    sponsor = 12
    emergencyContact = 13
    other = 14
    unknownFutureValue = 15


class PhoneType(Enumeration):
    """What a phone number is used for."""

    home = 0
    business = 1
    mobile = 2
    other = 3
    assistant = 4
    homeFax = 5
    businessFax = 6
    otherFax = 7
    pager = 8
    radio = 9


class PhysicalAddressType(Enumeration):
    """What an address is used for."""

    unknown = 0
    home = 1
    business = 2
    other = 3


class SkillProficiencyLevel(Enumeration):
    """How well somebody has a skill."""

    elementary = 0
    limitedWorking = 1
    generalProfessional = 2
    advancedProfessional = 3
    expert = 4
    unknownFutureValue = 5


class UserPersona(Enumeration):
    """What kind of account a person has in the tenant."""

    unknown = 0
    externalMember = 1
    externalGuest = 2
    internalMember = 3
    internalGuest = 4
    unknownFutureValue = 5
