"""From results to tables to read, and to records of plain numbers for JSON."""
