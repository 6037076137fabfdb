"""Pages, tables, colours and where a result came from: what every folder draws with."""
