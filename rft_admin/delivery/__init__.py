"""What was done and earned: attendance and certificates."""
