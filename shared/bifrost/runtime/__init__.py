"""The frame every entry point shares: Lambda entry, HTTP app, settings, logging, health."""
