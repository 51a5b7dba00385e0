"""What the model is fed: given, declared by the ecosystem, or worked out from the model itself."""
