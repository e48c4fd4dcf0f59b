"""Who may see and do what: pure functions on values."""
