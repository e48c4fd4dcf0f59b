"""The wire language, OData 4.01: pure functions between text and model; knows no profile name."""
