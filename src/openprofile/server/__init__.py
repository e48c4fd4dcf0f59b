"""Where the parts are put together, and where they are run."""
