from openprofile.model.facets import PersonInterest
from openprofile.model.shape import shape


def test_a_shape_tells_what_the_declaration_says() -> None:
    seen = shape(PersonInterest)
    assert seen.qualified_name == "microsoft.graph.personInterest"
    told = {
        found.name: (found.edm_type, found.nullable, found.computed)
        for found in seen.properties.values()
    }
    assert told == {
        "id": ("Edm.String", False, True),
        "allowedAudiences": ("microsoft.graph.allowedAudiences", True, False),
        "createdBy": ("microsoft.graph.identitySet", True, True),
        "createdDateTime": ("Edm.DateTimeOffset", True, True),
        "inference": ("microsoft.graph.inferenceData", True, False),
        "isSearchable": ("Edm.Boolean", True, False),
        "lastModifiedBy": ("microsoft.graph.identitySet", True, True),
        "lastModifiedDateTime": ("Edm.DateTimeOffset", True, True),
        "source": ("microsoft.graph.personDataSources", True, False),
        "sources": ("Collection(microsoft.graph.profileSourceAnnotation)", False, True),
        "categories": ("Collection(Edm.String)", True, False),
        "collaborationTags": ("Collection(Edm.String)", True, False),
        "description": ("Edm.String", True, False),
        "displayName": ("Edm.String", True, False),
        "thumbnailUrl": ("Edm.String", True, False),
        "webUrl": ("Edm.String", True, False),
    }
    inner = seen.properties["inference"].shape
    assert inner is not None
    assert list(inner.properties) == ["confidenceScore", "userHasVerifiedAccuracy"]
