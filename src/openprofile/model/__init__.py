"""What a profile is: types only, no I/O and no HTTP."""
