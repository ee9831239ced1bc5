"""The HTTP routes: each parses, asks the core one thing and presents the answer."""
