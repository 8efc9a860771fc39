"""What is true of the server and of the CDK: how they read, load and default what is configured."""
