"""Training loops: where a gradient is sent back, bounded and used, told from source and followed over the program."""
