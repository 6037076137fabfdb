"""The `stillwatch` program. Its commands beyond the runtime are loaded when they are called."""
