"""The hands: each step gathers, asks `models`, and acts on one thing."""
