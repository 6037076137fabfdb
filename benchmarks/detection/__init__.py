"""How well alarms and scores meet labels."""
