"""Live streams: a gap is a state, and nothing derived is published across one."""
