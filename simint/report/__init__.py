"""What a replay tells people and programs: summary, hint, tables, plots and files."""
