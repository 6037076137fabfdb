"""When rows were taken: read, told from other columns, and looked at."""
