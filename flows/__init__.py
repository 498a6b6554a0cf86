"""The process, as prose: one file a stage, its steps in order, its branches only on answers."""
