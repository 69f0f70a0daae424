"""Statistics of a portfolio's worth: exact amounts come in, floats go out, and none goes back."""
