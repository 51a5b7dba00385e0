"""Keras' layers, initialisers and models in terms of PyTorch's; names and defaults are those of Keras 3.

Layers are built on their first call, once the shape of what they are given is known, which every signal carries along.
The order of axes is left as it comes: what a layer does to scale does not depend on where its channels stand.
"""
