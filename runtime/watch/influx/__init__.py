"""InfluxDB's line protocol, in and out."""
