"""What the package ships, measured as it is: whole capsules, networks alone, energy."""
