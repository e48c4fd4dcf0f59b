"""The HTTP faces: translate a request, call a use case, translate what it returns."""
