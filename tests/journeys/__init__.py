"""Whole stories, told through the doors: what people do, what they see, what comes by letter."""
