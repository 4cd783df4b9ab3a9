"""Is it true? Methods and components where the answer is known, and asked of the network."""
