"""Training: from a folder of media to the weights that serving loads. Needs the ``train`` extra (TensorFlow)."""
