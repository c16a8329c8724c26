"""Answer customers as their assistant: over a webhook, by a language model, by a script. Called by `server.broker`."""
