"""What a card looks like: tables, pictures, the report."""
