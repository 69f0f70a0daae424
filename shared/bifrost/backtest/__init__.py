"""The rules of a venue over simulated time: fill rules, shared by every engine."""
