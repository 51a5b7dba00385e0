"""Small networks written as people write them, trained on scikit-learn's digits."""
