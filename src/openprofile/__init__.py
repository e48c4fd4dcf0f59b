"""A self-hosted people-profile service that speaks Microsoft Graph's profile API."""

__version__ = "0.1.0"
