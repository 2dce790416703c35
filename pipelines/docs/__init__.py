"""What is written about the project, made from what lies beside the code; makes no number."""
