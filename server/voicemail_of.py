"""Read from the configuration how the callers of a queue leave a message; refuse a greeting that cannot be played."""

from pathlib import Path

from server.config_queues import QueueSettings
from server.config_rules import ConfigError
from server.core.policy import VoicemailRules
from server.media.prompts import PromptError, check_prompt


def voicemail_of(name: str, queue: QueueSettings, folder: Path) -> VoicemailRules:
    """Return the rules of queue `name`; a relative path counts from `folder`.

    Raises:
        ConfigError: The greeting cannot be played.
    """
    wanted = queue.voicemail
    greeting = str((folder / Path(wanted.greeting).expanduser()).resolve()) if wanted.greeting else ""
    if greeting:
        try:
            check_prompt(Path(greeting))
        except PromptError as error:
            raise ConfigError(f"[queues.{name}] voicemail: {error}") from error
    return VoicemailRules(
        greeting=greeting,
        longest_seconds=wanted.longest_seconds,
        shortest_seconds=wanted.shortest_seconds,
        silence_seconds=wanted.silence_seconds,
        attempts=wanted.attempts,
    )
