"""Play days of handoffs in virtual time through the real core: `policy rehearse` and `bench simulate`."""
