"""The viewer service: serves the web page."""
