"""What sources share: from names and texts to documents, and the way back from settings to their places."""
