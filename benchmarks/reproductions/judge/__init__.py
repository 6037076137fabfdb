"""The judge in the graph beside the judge of the runtime: the same alarms, and what a row costs."""
