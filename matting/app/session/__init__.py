"""What one visitor has made, stage by stage."""
