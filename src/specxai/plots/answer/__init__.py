"""The figure of an answer: what an output rests on, and where."""
