"""The profile itself: all its facets at once, and the end of it."""

from __future__ import annotations

from openprofile.http.exchange import Answer, Call, Handlers, odata_answer
from openprofile.http.facets import profile_context
from openprofile.model.profile import PROFILE_ID
from openprofile.odata.path import Target
from openprofile.odata.payload import expanded_body
from openprofile.profiles import Profiles, etag


class ProfileFace:
    """Answers ``{user}/profile``."""

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles
        self._profile: Handlers = {"GET": self._get, "DELETE": self._delete}

    def handlers(self, target: Target) -> Handlers | None:
        """What answers at ``target``, whose names end in the profile; None if nothing does."""
        return None if target.tail else self._profile

    async def _get(self, call: Call) -> Answer:
        access = await self._profiles.reading(call.caller, call.target.keys[0])
        facets = {
            facet: [(etag(record), record.text) for record in records]
            for facet, records in (await self._profiles.facets(access)).items()
        }
        context = profile_context(call.request, access)
        return odata_answer(200, expanded_body(context, PROFILE_ID, facets))

    async def _delete(self, call: Call) -> Answer:
        access = await self._profiles.writing(call.caller, call.target.keys[0])
        await self._profiles.erase(access)
        return Answer(204)
