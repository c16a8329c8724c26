"""Hold the rules that ship as data: what problems look like, and what is done about them."""
