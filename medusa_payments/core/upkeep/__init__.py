"""What is done without anybody asking: finding out, looking after collections, delivering, forgetting."""
