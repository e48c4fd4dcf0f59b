"""The content of a store in bulk: out of it as lines, into it from lines, from one to another."""
