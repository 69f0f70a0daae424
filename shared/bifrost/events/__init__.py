"""Facts one capability publishes and others react to. Past tense, immutable, versioned."""
