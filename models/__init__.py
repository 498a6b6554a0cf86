"""Facts and rules: tables, value objects and pure functions. Imports nothing else of ours."""
