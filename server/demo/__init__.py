"""Show the product at work on a fresh machine: scripted customers and assistants, all over the public interfaces."""
