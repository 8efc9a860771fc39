"""From changes of settings to edits of a text, one module for each way in which settings are written."""
