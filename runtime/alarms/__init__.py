"""From scores to alarms and events: threshold policies and what they are fitted to."""
