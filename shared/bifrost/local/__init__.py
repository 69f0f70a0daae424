"""The local stack: embedded PostgreSQL, local AWS, deployment and the demo."""
