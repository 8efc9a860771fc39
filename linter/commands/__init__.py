"""The commands beside the check, one module each: what they print, as text and as JSON."""
