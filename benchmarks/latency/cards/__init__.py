"""What was measured: a card, its file, ratios, and two cards side by side."""
