"""The deepfake detector: faces along a clip, CNN features, masked GRU; a plug-in of the core."""
