"""What values of a vendor's payload can be, as its JSON Schema says. Floor 1, pure."""
