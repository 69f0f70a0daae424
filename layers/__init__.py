"""What the functions import that is not ours, as Lambda layers. `build.py` makes them."""
