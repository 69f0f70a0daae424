"""Gateway explains the API: one OpenAPI document, its pages, and what each problem means."""
