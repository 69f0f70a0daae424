"""Market data in Postgres: series, instruments over time, the gate, repairs, jobs, streams."""
