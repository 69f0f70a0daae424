"""AWS adapters: a light client for the hot path, boto3 for operators' tools."""
