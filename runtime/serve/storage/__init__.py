"""What outlives a kill: SQLite, in one transaction with the answer."""
