"""What methods cost: seconds side by side, memory in processes of their own, multiply-adds (`trimatte benchmark`)."""
