"""What a probe can measure beyond its one recorded step. Each pass is switched on by itself and leaves no trace."""
