"""What a scraper asks: requests, stages, rows, events, budgets, and how streams drift."""
