"""Threshold policies, a file each: above what an alarm is raised, chosen when a model is used."""
