"""Parameters of Parameter Store: reading them from any format, the documents they make, and the commands that change them."""
