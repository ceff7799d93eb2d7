"""The paper's own tables: their figures, and how each is produced."""
