"""What a person sees on the terminal: results and progress."""
