"""Results shown to a person: tables and progress on the terminal."""
