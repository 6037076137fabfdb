"""A watch that forecasts after every line."""
