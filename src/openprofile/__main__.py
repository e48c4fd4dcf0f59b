"""``python -m openprofile``."""

from openprofile.cli import main

main()
