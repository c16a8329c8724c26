"""Ask rules of the house whom to ring."""
