"""What the broker needs of the world, one Protocol a need; adapters live at the edge."""
