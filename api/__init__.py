"""The front doors: settings, composition, HTTP, command line."""
