"""The database: every accepted delivery and what became of it. Floor 2."""
