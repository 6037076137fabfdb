"""Capsules with the judge in their graph: one file that is the whole detector in any language."""
