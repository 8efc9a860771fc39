"""The deployment as it is, read over the network: only where an argument names it, and never with a call that changes anything.

An ``aws:`` argument becomes inputs, in memory, in the form in which the AWS CLI prints them; the address of a running server becomes a
document of what it answers.
"""
