"""Run the desk in this terminal: what the command line calls."""

import asyncio

from operator_console.tui.app import DeskApp
from operator_console.tui.ports import Desk, Headset
from operator_console.tui.settings import ScreenSettings
from operator_console.tui.themes import fit


def run(desk: Desk, headset: Headset, settings: ScreenSettings) -> int:
    """Show the desk until the operator leaves; return the exit code (0; 1 after an unexpected error)."""
    return asyncio.run(run_async(desk, headset, settings))


async def run_async(desk: Desk, headset: Headset, settings: ScreenSettings) -> int:
    """Do the same inside a loop that runs already.

    The headset's leg is closed with a goodbye on the way out; a killed console leaves it broken, and the next one
    takes the call up again.
    """
    app = DeskApp(desk, headset, settings)
    fit(app)
    try:
        result = await app.run_async()
    finally:
        app.attention.leave()
    await headset.close()
    return app.return_code or result or 0
