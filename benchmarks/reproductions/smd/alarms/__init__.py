"""SMD as an operator has it: alarms by budget, and how rows rank, of networks that never saw it."""
